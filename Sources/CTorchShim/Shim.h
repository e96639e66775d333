// What the shim's sources share: the handle types and the border that no exception crosses.
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "include/CTorchShim.h"

struct CTTensor {
  at::Tensor value;
};

struct CTGenerator {
  at::Generator value;
  c10::Device device;
};

namespace shim {

extern thread_local intptr_t liveTensors;
extern thread_local uint64_t calls;

inline CTTensor *retained(at::Tensor value) {
  auto *handle = new CTTensor{std::move(value)};
  liveTensors++;
  return handle;
}

CTStatus failure(int32_t code, const char *message) noexcept;
// Rethrows the exception that is being handled and describes it.
CTStatus currentFailure() noexcept;

struct NoDevice : std::exception {
  std::string text;
  explicit NoDevice(std::string text) : text(std::move(text)) {}
  const char *what() const noexcept override { return text.c_str(); }
};

template <typename Body>
CTStatus guarded(Body &&body) noexcept {
  calls++;
  try {
    body();
    return CTStatus{CT_OK, nullptr};
  } catch (...) {
    return currentFailure();
  }
}

template <typename Body>
CTStatus produce(CTTensor **out, Body &&body) noexcept {
  return guarded([&] { *out = retained(body()); });
}

inline at::IntArrayRef sizes(const intptr_t *values, intptr_t count) {
  static_assert(sizeof(intptr_t) == sizeof(int64_t));
  return at::IntArrayRef(reinterpret_cast<const int64_t *>(values), static_cast<size_t>(count));
}

inline std::optional<at::Tensor> optional(const CTTensor *x) {
  if (x == nullptr) return std::nullopt;
  return x->value;
}

inline std::vector<at::Tensor> list(const CTTensor *const *tensors, intptr_t count) {
  std::vector<at::Tensor> result;
  result.reserve(static_cast<size_t>(count));
  for (intptr_t i = 0; i < count; i++) result.push_back(tensors[i]->value);
  return result;
}

at::ScalarType scalarType(CTScalarType type);
CTScalarType code(at::ScalarType type);
// Throws NoDevice when the build or the host has no such device.
c10::Device device(CTDevice device);
inline CTDevice code(c10::Device device) { return device.is_cpu() ? -1 : device.index(); }

// Casts of weights that autocast keeps are stale once a weight changes in place.
void weightsChanged();

}  // namespace shim
