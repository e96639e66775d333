// Any registered operator, called by name through libtorch's dispatcher.
#include "Shim.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>

using namespace shim;

struct CTOperator {
  c10::OperatorHandle handle;
};

CTStatus ct_find_operator(const char *name, const char *overload, CTOperator **out) {
  return guarded([&] { *out = new CTOperator{c10::Dispatcher::singleton().findSchemaOrThrow(name, overload)}; });
}

static const at::Tensor &tensor(const void *handle) { return static_cast<const CTTensor *>(handle)->value; }

static c10::IValue value(const CTArgument &argument) {
  auto items = static_cast<const void *const *>(argument.items);
  auto integers = static_cast<const int64_t *>(argument.items);
  auto decimals = static_cast<const double *>(argument.items);
  size_t count = static_cast<size_t>(argument.count);
  switch (static_cast<CTArgumentKind>(argument.kind)) {
    case CT_ARG_NONE: return c10::IValue();
    case CT_ARG_TENSOR: return tensor(argument.items);
    case CT_ARG_TENSORS: {
      c10::List<at::Tensor> list;
      list.reserve(count);
      for (size_t i = 0; i < count; i++) list.push_back(tensor(items[i]));
      return list;
    }
    case CT_ARG_OPTIONAL_TENSORS: {
      c10::List<std::optional<at::Tensor>> list;
      list.reserve(count);
      for (size_t i = 0; i < count; i++) {
        list.push_back(items[i] == nullptr ? std::optional<at::Tensor>() : tensor(items[i]));
      }
      return list;
    }
    case CT_ARG_INTEGER: return argument.integer;
    case CT_ARG_DECIMAL: return argument.decimal;
    case CT_ARG_FLAG: return argument.integer != 0;
    case CT_ARG_INTEGERS: return c10::List<int64_t>(at::IntArrayRef(integers, count));
    case CT_ARG_DECIMALS: return c10::List<double>(at::ArrayRef<double>(decimals, count));
    case CT_ARG_FLAGS: {
      c10::List<bool> list;
      list.reserve(count);
      for (size_t i = 0; i < count; i++) list.push_back(integers[i] != 0);
      return list;
    }
    case CT_ARG_TYPE: return static_cast<int64_t>(scalarType(static_cast<CTScalarType>(argument.integer)));
    case CT_ARG_TEXT: return std::string(static_cast<const char *>(argument.items), count);
    case CT_ARG_DEVICE: return device(static_cast<CTDevice>(argument.integer));
    case CT_ARG_GENERATOR: return static_cast<const CTGenerator *>(argument.items)->value;
  }
  TORCH_CHECK(false, "unknown kind of argument ", argument.kind);
}

// Whole numbers where the operator wants fractions, and a list of tensors where it wants one of optional tensors.
static void fit(c10::IValue &value, const c10::TypePtr &declared) {
  c10::TypePtr type = declared;
  if (auto optional = type->cast<c10::OptionalType>()) type = optional->getElementType();
  if (value.isInt() && type->kind() == c10::TypeKind::FloatType) {
    value = static_cast<double>(value.toInt());
  } else if (auto list = type->cast<c10::ListType>()) {
    c10::TypeKind element = list->getElementType()->kind();
    if (value.isIntList() && element == c10::TypeKind::FloatType) {
      c10::List<double> decimals;
      for (int64_t item : value.toIntVector()) decimals.push_back(static_cast<double>(item));
      value = decimals;
    } else if (value.isTensorList() && element == c10::TypeKind::OptionalType) {
      c10::List<std::optional<at::Tensor>> tensors;
      for (const at::Tensor &item : value.toTensorVector()) tensors.push_back(item);
      value = tensors;
    }
  }
}

CTStatus ct_call(const CTOperator *op, const CTArgument *arguments, intptr_t count, CTTensor **results, intptr_t capacity,
                 intptr_t *result_count) {
  return guarded([&] {
    const c10::FunctionSchema &schema = op->handle.schema();
    size_t declared = schema.arguments().size(), given = static_cast<size_t>(count);
    TORCH_CHECK(given <= declared, schema.name(), " takes ", declared, " arguments, not ", given);
    torch::jit::Stack stack;
    stack.reserve(declared);
    for (size_t i = 0; i < declared; i++) {
      const c10::Argument &argument = schema.arguments()[i];
      if (i < given) {
        stack.push_back(value(arguments[i]));
        fit(stack.back(), argument.type());
      } else {
        TORCH_CHECK(argument.default_value().has_value(), schema.name(), " needs the argument ", argument.name());
        stack.push_back(*argument.default_value());
      }
    }
    op->handle.callBoxed(stack);

    std::vector<at::Tensor> tensors;
    for (c10::IValue &result : stack) {
      if (result.isTensor()) {
        tensors.push_back(std::move(result).toTensor());
      } else if (result.isTensorList()) {
        for (at::Tensor &item : result.toTensorVector()) tensors.push_back(std::move(item));
      } else {
        TORCH_CHECK(false, schema.name(), " gives something else than tensors");
      }
    }
    TORCH_CHECK(static_cast<intptr_t>(tensors.size()) <= capacity, schema.name(), " gave ", tensors.size(),
                " tensors, more than the ", capacity, " that there is room for");
    for (const at::Tensor &item : tensors) TORCH_CHECK(item.defined(), schema.name(), " gave an undefined tensor");
    for (size_t i = 0; i < tensors.size(); i++) results[i] = retained(std::move(tensors[i]));
    *result_count = static_cast<intptr_t>(tensors.size());
  });
}
