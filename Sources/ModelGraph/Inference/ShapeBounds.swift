/// Limits on shapes, so that no arithmetic on the sizes that a file declares can overflow.
package enum ShapeBounds {
  package static let axisLimit = 1 << 32
  package static let elementLimit = 1 << 40
  package static let rankLimit = 64

  /// Throws unless every axis and the product of those that are not zero stay within the limits.
  package static func check(_ shape: [Int]) throws {
    guard shape.count <= rankLimit else {
      throw ShapeMisfit("has a value of \(shape.count) axes, more than \(rankLimit)")
    }
    var count = 1
    for axis in shape {
      guard axis >= 0 else { throw ShapeMisfit("has a value of the impossible shape \(shape)") }
      guard axis <= axisLimit, case (let product, false) = count.multipliedReportingOverflow(by: max(axis, 1)),
        product <= elementLimit
      else { throw ShapeMisfit("has a value of shape \(shape), more than 2^40 elements") }
      count = product
    }
  }

  /// The product of sizes from files; throws where it is negative or beyond what a shape may hold.
  static func product(_ factors: Int...) throws -> Int {
    var result = 1
    for factor in factors {
      guard case (let product, false) = result.multipliedReportingOverflow(by: factor), product >= 0,
        product <= elementLimit
      else { throw ShapeMisfit("multiplies sizes to more than 2^40: \(factors)") }
      result = product
    }
    return result
  }

  /// A number from a file that must lie within limits.
  static func checked(_ value: Int, in limits: ClosedRange<Int>, _ name: String) throws -> Int {
    guard limits.contains(value) else {
      throw ShapeMisfit("has the \(name) \(value), which must lie in \(limits.lowerBound)...\(limits.upperBound)")
    }
    return value
  }
}
