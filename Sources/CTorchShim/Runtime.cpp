// Status, runtime settings, scopes, generators, gradients.
#include "Shim.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/autocast_mode.h>
#include <ATen/cpu/Utils.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/headeronly/version.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace shim;

struct CTInferenceScope {
  c10::InferenceMode mode{true};
};

namespace shim {

thread_local intptr_t liveTensors = 0;
thread_local uint64_t calls = 0;

CTStatus failure(int32_t code, const char *message) noexcept {
  return CTStatus{code, strdup(message)};
}

static bool tellsOutOfMemory(const std::string &message) {
  return message.find("can't allocate memory") != std::string::npos ||
         message.find("not enough memory") != std::string::npos ||
         message.find("out of memory") != std::string::npos;
}

CTStatus currentFailure() noexcept {
  try {
    throw;
  } catch (const c10::OutOfMemoryError &error) {
    return failure(CT_OUT_OF_MEMORY, error.what_without_backtrace());
  } catch (const c10::Error &error) {
    const char *message = error.what_without_backtrace();
    return failure(tellsOutOfMemory(message) ? CT_OUT_OF_MEMORY : CT_REFUSED, message);
  } catch (const std::bad_alloc &error) {
    return failure(CT_OUT_OF_MEMORY, "The memory for it could not be had.");
  } catch (const NoDevice &error) {
    return failure(CT_NO_DEVICE, error.what());
  } catch (const std::exception &error) {
    return failure(tellsOutOfMemory(error.what()) ? CT_OUT_OF_MEMORY : CT_INTERNAL, error.what());
  } catch (...) {
    return failure(CT_INTERNAL, "libtorch threw something that is not an exception.");
  }
}

static constexpr at::ScalarType scalarTypes[] = {
    at::kFloat, at::kDouble, at::kHalf, at::kBFloat16, at::kChar,   at::kShort, at::kInt,
    at::kLong,  at::kByte,   at::kUInt16, at::kUInt32, at::kUInt64, at::kBool,
};

at::ScalarType scalarType(CTScalarType type) {
  TORCH_CHECK(type >= CT_FLOAT32 && type <= CT_BOOL, "unknown scalar type ", type);
  return scalarTypes[type];
}

CTScalarType code(at::ScalarType type) {
  for (CTScalarType i = CT_FLOAT32; i <= CT_BOOL; i++) {
    if (scalarTypes[i] == type) return i;
  }
  return -1;
}

c10::Device device(CTDevice device) {
  if (device < 0) return c10::Device(at::kCPU);
  int32_t count = ct_cuda_device_count();
  if (device >= count) {
    throw NoDevice("There is no device cuda:" + std::to_string(device) + "; libtorch sees " + std::to_string(count) + ".");
  }
  return c10::Device(at::kCUDA, static_cast<c10::DeviceIndex>(device));
}

static bool autocasts() {
  return at::autocast::is_autocast_enabled(at::kCPU) || at::autocast::is_autocast_enabled(at::kCUDA);
}

void weightsChanged() {
  if (autocasts()) at::autocast::clear_cache();
}

}  // namespace shim

void ct_free(void *memory) { free(memory); }

// Runtime

CTStatus ct_set_thread_count(int32_t count) {
  return guarded([&] {
    TORCH_CHECK(count > 0, "the number of threads must be positive, not ", count);
    // Between operators we are sequential. libtorch takes this setting once per process.
    static bool interop = [] {
      at::set_num_interop_threads(1);
      return true;
    }();
    (void)interop;
    at::set_num_threads(count);
  });
}

int32_t ct_thread_count(void) { return at::get_num_threads(); }

const char *ct_version(void) { return TORCH_VERSION; }

char *ct_build_configuration(void) {
  try {
    return strdup(at::show_config().c_str());
  } catch (...) {
    return nullptr;
  }
}

// Whether products are computed by other kernels where the processor has the instructions of this name.
static bool decidesKernels(const std::string &name) {
  if (name.starts_with("amx") || name.starts_with("avx10") || name.starts_with("sve")) return true;
  for (const char *end : {"vnni", "bf16", "fp16", "i8mm", "dot", "fma3"}) {
    if (name.ends_with(end)) return true;
  }
  return false;
}

char *ct_instruction_set(void) {
  try {
    auto facts = at::cpu::get_cpu_capabilities();
    std::vector<std::string> words;
    for (const auto &[name, value] : facts) {
      if (value.isBool() && value.toBool() && decidesKernels(name)) words.push_back(name);
    }
    std::sort(words.begin(), words.end());
    auto architecture = facts.find("architecture");
    std::string text = architecture == facts.end() ? "unknown" : architecture->second.toStringRef();
    text += " " + at::get_cpu_capability();
    for (const auto &word : words) text += " " + word;
    return strdup(text.c_str());
  } catch (...) {
    return nullptr;
  }
}

int32_t ct_cuda_device_count(void) {
  try {
    if (!at::hasCUDA()) return 0;
    return at::detail::getCUDAHooks().deviceCount();
  } catch (...) {
    return 0;
  }
}

CTStatus ct_set_deterministic(bool deterministic) {
  return guarded([&] {
    at::globalContext().setDeterministicAlgorithms(deterministic, /*warn_only=*/false);
    at::globalContext().setDeterministicCuDNN(deterministic);
    at::globalContext().setBenchmarkCuDNN(!deterministic);
  });
}

CTStatus ct_synchronize(CTDevice index) {
  return guarded([&] {
    c10::Device target = device(index);
    if (target.is_cuda()) at::detail::getCUDAHooks().deviceSynchronize(target.index());
  });
}

intptr_t ct_live_tensors(void) { return liveTensors; }

uint64_t ct_calls(void) { return calls; }

// Scopes

bool ct_grad_enabled(void) { return c10::GradMode::is_enabled(); }

bool ct_set_grad_enabled(bool enabled) {
  bool previous = c10::GradMode::is_enabled();
  if (previous != enabled) {
    // A cast that was cached without gradients must not be met by a pass that needs them.
    weightsChanged();
    c10::GradMode::set_enabled(enabled);
  }
  return previous;
}

CTInferenceScope *ct_inference_begin(void) {
  weightsChanged();
  return new CTInferenceScope();
}

void ct_inference_end(CTInferenceScope *scope) {
  delete scope;
  weightsChanged();
}

CTStatus ct_autocast_begin(CTDevice index, CTScalarType type, CTAutocastState *previous) {
  return guarded([&] {
    c10::DeviceType kind = device(index).type();
    at::ScalarType target = scalarType(type);
    TORCH_CHECK(target == at::kBFloat16 || target == at::kHalf, "autocast needs bfloat16 or float16");
    *previous = {index, at::autocast::is_autocast_enabled(kind), code(at::autocast::get_autocast_dtype(kind))};
    at::autocast::set_autocast_enabled(kind, true);
    at::autocast::set_autocast_dtype(kind, target);
    at::autocast::increment_nesting();
  });
}

void ct_autocast_end(CTAutocastState previous) {
  c10::DeviceType kind = previous.device < 0 ? at::kCPU : at::kCUDA;
  at::autocast::decrement_nesting();
  at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(kind, previous.enabled);
  if (previous.type >= 0) at::autocast::set_autocast_dtype(kind, scalarType(previous.type));
}

int32_t ct_set_fused_attention(int32_t kinds) {
  at::Context &context = at::globalContext();
  int32_t previous = (context.userEnabledFlashSDP() ? 1 : 0) | (context.userEnabledMemEfficientSDP() ? 2 : 0) |
                     (context.userEnabledCuDNNSDP() ? 4 : 0);
  context.setSDPUseFlash((kinds & 1) != 0);
  context.setSDPUseMemEfficient((kinds & 2) != 0);
  context.setSDPUseCuDNN((kinds & 4) != 0);
  return previous;
}

// Generators

CTStatus ct_generator_new(uint64_t seed, CTDevice index, CTGenerator **out) {
  return guarded([&] {
    c10::Device target = device(index);
    at::Generator generator = target.is_cpu() ? at::detail::createCPUGenerator(seed)
                                              : at::detail::getCUDAHooks().getNewGenerator(target.index());
    generator.set_current_seed(seed);
    *out = new CTGenerator{std::move(generator), target};
  });
}

void ct_generator_free(CTGenerator *generator) { delete generator; }

static at::TensorOptions options(const CTGenerator *generator, at::ScalarType type) {
  return at::TensorOptions().dtype(type).device(generator->device);
}

CTStatus ct_randn(CTGenerator *generator, const intptr_t *shape, intptr_t rank, CTTensor **out) {
  return produce(out, [&] { return at::randn(sizes(shape, rank), generator->value, options(generator, at::kFloat)); });
}

CTStatus ct_uniform(CTGenerator *generator, double low, double high, const intptr_t *shape, intptr_t rank, CTTensor **out) {
  return produce(out, [&] {
    return at::empty(sizes(shape, rank), options(generator, at::kFloat)).uniform_(low, high, generator->value);
  });
}

CTStatus ct_randint(CTGenerator *generator, intptr_t low, intptr_t high, const intptr_t *shape, intptr_t rank, CTTensor **out) {
  return produce(out, [&] {
    return at::randint(low, high, sizes(shape, rank), generator->value, options(generator, at::kLong));
  });
}

CTStatus ct_bernoulli(CTGenerator *generator, double probability, const intptr_t *shape, intptr_t rank, CTTensor **out) {
  return produce(out, [&] {
    return at::empty(sizes(shape, rank), options(generator, at::kFloat)).bernoulli_(probability, generator->value);
  });
}

CTStatus ct_randperm(CTGenerator *generator, intptr_t count, CTTensor **out) {
  return produce(out, [&] { return at::randperm(count, generator->value, options(generator, at::kLong)); });
}

// Gradients

bool ct_requires_grad(const CTTensor *x) { return x->value.requires_grad(); }

CTStatus ct_set_requires_grad(CTTensor *x, bool requires_grad) {
  return guarded([&] { x->value.set_requires_grad(requires_grad); });
}

CTStatus ct_retain_grad(CTTensor *x) {
  return guarded([&] { x->value.retain_grad(); });
}

CTStatus ct_grad(const CTTensor *x, CTTensor **out) {
  return guarded([&] {
    const at::Tensor &gradient = x->value.grad();
    *out = gradient.defined() ? retained(gradient) : nullptr;
  });
}

CTStatus ct_clear_grad(CTTensor *x) {
  return guarded([&] { x->value.mutable_grad().reset(); });
}

CTStatus ct_backward(const CTTensor *x, const CTTensor *gradient, bool retain_graph, bool create_graph) {
  return guarded([&] {
    x->value.backward(gradient == nullptr ? at::Tensor() : gradient->value, retain_graph, create_graph);
  });
}

CTStatus ct_gradients(const CTTensor *const *outputs, intptr_t output_count, const CTTensor *const *inputs,
                      intptr_t input_count, const CTTensor *const *gradients, bool retain_graph, bool create_graph,
                      CTTensor **out) {
  return guarded([&] {
    auto results = torch::autograd::grad(
        list(outputs, output_count), list(inputs, input_count),
        gradients == nullptr ? std::vector<at::Tensor>{} : list(gradients, output_count), retain_graph, create_graph,
        /*allow_unused=*/true);
    for (intptr_t i = 0; i < input_count; i++) {
      auto &result = results[static_cast<size_t>(i)];
      out[i] = result.defined() ? retained(std::move(result)) : nullptr;
    }
  });
}

// In place

CTStatus ct_relu_in_place(CTTensor *x) {
  return guarded([&] { at::relu_(x->value); });
}

template <typename Body>
static CTStatus changing(CTTensor *x, Body &&body) noexcept {
  return guarded([&] {
    at::NoGradGuard quiet;
    body(x->value);
    weightsChanged();
  });
}

CTStatus ct_copy_in_place(CTTensor *x, const CTTensor *source) {
  return changing(x, [&](at::Tensor &value) { value.copy_(source->value); });
}

CTStatus ct_fill_in_place(CTTensor *x, double number) {
  return changing(x, [&](at::Tensor &value) { value.fill_(number); });
}

CTStatus ct_add_in_place(CTTensor *x, const CTTensor *y, double alpha) {
  return changing(x, [&](at::Tensor &value) { value.add_(y->value, alpha); });
}

CTStatus ct_mul_in_place(CTTensor *x, const CTTensor *y) {
  return changing(x, [&](at::Tensor &value) { value.mul_(y->value); });
}

CTStatus ct_add_scalar_in_place(CTTensor *x, double number) {
  return changing(x, [&](at::Tensor &value) { value.add_(number); });
}

CTStatus ct_mul_scalar_in_place(CTTensor *x, double number) {
  return changing(x, [&](at::Tensor &value) { value.mul_(number); });
}

CTStatus ct_clamp_in_place(CTTensor *x, double low, double high) {
  return changing(x, [&](at::Tensor &value) { value.clamp_(low, high); });
}

CTStatus ct_addcmul_in_place(CTTensor *x, const CTTensor *a, const CTTensor *b, double factor) {
  return changing(x, [&](at::Tensor &value) { value.addcmul_(a->value, b->value, factor); });
}

CTStatus ct_addcdiv_in_place(CTTensor *x, const CTTensor *a, const CTTensor *b, double factor) {
  return changing(x, [&](at::Tensor &value) { value.addcdiv_(a->value, b->value, factor); });
}

// The same step for one parameter whose gradient or velocity lies in another order in memory.
static void stepAcrossLayouts(at::Tensor value, const at::Tensor &gradient, at::Tensor *velocity, double learning_rate,
                              double momentum, double weight_decay, bool nesterov) {
  at::Tensor direction = weight_decay == 0 ? gradient : gradient.add(value, weight_decay);
  if (velocity != nullptr) {
    velocity->mul_(momentum).add_(direction);
    direction = nesterov ? direction.add(*velocity, momentum) : *velocity;
  }
  value.add_(direction, -learning_rate);
}

CTStatus ct_sgd_step(CTTensor *const *parameters, CTTensor *const *velocities, intptr_t count, double learning_rate,
                     double momentum, double weight_decay, bool nesterov) {
  return guarded([&] {
    at::NoGradGuard quiet;
    TORCH_CHECK(velocities != nullptr || momentum == 0, "momentum needs velocities");
    bool moving = momentum != 0;
    std::vector<at::Tensor> values, gradients, buffers;
    for (intptr_t i = 0; i < count; i++) {
      at::Tensor value = parameters[i]->value;
      const at::Tensor &gradient = value.grad();
      if (!gradient.defined()) continue;
      at::Tensor *velocity = moving ? &velocities[i]->value : nullptr;
      TORCH_CHECK(velocity == nullptr || velocity->sizes() == value.sizes(), "a velocity of shape ",
                  velocity->sizes(), " for a parameter of shape ", value.sizes());
      // The fused kernel goes through memory in order and checks nothing.
      bool alike = value.is_non_overlapping_and_dense() && gradient.strides() == value.strides() &&
                   gradient.scalar_type() == value.scalar_type() &&
                   (velocity == nullptr || (velocity->strides() == value.strides() &&
                                            velocity->scalar_type() == value.scalar_type()));
      if (!alike) {
        stepAcrossLayouts(value, gradient, velocity, learning_rate, momentum, weight_decay, nesterov);
        continue;
      }
      values.push_back(value);
      gradients.push_back(gradient);
      if (velocity != nullptr) buffers.push_back(*velocity);
    }
    if (!values.empty()) {
      at::_fused_sgd_(values, gradients, buffers, weight_decay, momentum, learning_rate, /*dampening=*/0.0, nesterov,
                      /*maximize=*/false, /*is_first_step=*/false);
    }
    weightsChanged();
  });
}
