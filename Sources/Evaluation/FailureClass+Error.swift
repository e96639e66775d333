import ArtifactStore
import ChannelGroups
import Datasets
import Foundation
import GraphRuntime
import ModelFormats
import ModelGraph
import Profiling
import Pruning
import Selection
import StudyModel
import Support
import Tensors
import Training

extension FailureClass {
  /// What an error of any step means for trying again; decided by types and codes, never by texts.
  package init(of error: any Error) {
    switch error {
    case let error as EvaluationError: self = error.failureClass
    case let error as TensorError:
      self = error.code == .outOfMemory ? .resource : error.code == .noDevice ? .transient : .deterministic
    case let error as TrainingError: self = error.code == .invalidData ? .badInput : .deterministic
    case let error as GraphRuntimeError:
      self = error.code == .outOfMemory ? .resource : error.code == .nodeFailed ? .deterministic : .badInput
    case is GraphError, is ModelFormatError, is DatasetError: self = .badInput
    case is SelectionError, is ChannelGroupError, is PruningError, is ProfilingError: self = .deterministic
    case let error as FileFault:
      let isScarce = [EDQUOT, EMFILE, ENFILE, ENOMEM].contains(error.errorNumber)
      self = error.errorNumber == ENOSPC ? .diskFull : isScarce ? .resource : .transient
    // The store may be a copy that has not got everything yet.
    case is ArtifactError: self = .transient
    case is any DescribedError: self = .deterministic
    default: self = .internal
    }
  }
}
