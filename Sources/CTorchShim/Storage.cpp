// Making, reading and moving tensors.
#include "Shim.h"

using namespace shim;

void ct_tensor_free(CTTensor *tensor) {
  delete tensor;
  liveTensors--;
}

static at::TensorOptions options(CTScalarType type, CTDevice index) {
  return at::TensorOptions().dtype(scalarType(type)).device(device(index));
}

CTStatus ct_from_bytes(const void *bytes, size_t byte_count, CTScalarType type, const intptr_t *shape, intptr_t rank,
                       CTDevice index, CTTensor **out) {
  return produce(out, [&] {
    at::Tensor host = at::empty(sizes(shape, rank), options(type, -1));
    TORCH_CHECK(host.nbytes() == byte_count, "a tensor of shape ", host.sizes(), " takes ", host.nbytes(), " bytes, not ",
                byte_count);
    if (byte_count > 0) std::memcpy(host.mutable_data_ptr(), bytes, byte_count);
    return index < 0 ? host : host.to(device(index));
  });
}

CTStatus ct_full(double value, CTScalarType type, const intptr_t *shape, intptr_t rank, CTDevice index, CTTensor **out) {
  return produce(out, [&] {
    if (value == 0) return at::zeros(sizes(shape, rank), options(type, index));
    return at::full(sizes(shape, rank), value, options(type, index));
  });
}

CTStatus ct_arange(intptr_t start, intptr_t end, CTScalarType type, CTDevice index, CTTensor **out) {
  return produce(out, [&] { return at::arange(int64_t(start), int64_t(end), options(type, index)); });
}

intptr_t ct_rank(const CTTensor *x) { return x->value.dim(); }

void ct_shape(const CTTensor *x, intptr_t *result) {
  for (int64_t size : x->value.sizes()) *result++ = size;
}

intptr_t ct_size(const CTTensor *x, intptr_t axis) { return x->value.sizes()[static_cast<size_t>(axis)]; }

intptr_t ct_element_count(const CTTensor *x) { return x->value.numel(); }

CTScalarType ct_scalar_type(const CTTensor *x) { return code(x->value.scalar_type()); }

CTDevice ct_device(const CTTensor *x) { return code(x->value.device()); }

bool ct_is_channels_last(const CTTensor *x) {
  return x->value.dim() == 4 && x->value.is_contiguous(at::MemoryFormat::ChannelsLast);
}

bool ct_shares_storage(const CTTensor *x, const CTTensor *y) { return x->value.is_alias_of(y->value); }

CTStatus ct_copy_out(const CTTensor *x, CTScalarType type, void *buffer, size_t byte_count) {
  return guarded([&] {
    at::NoGradGuard quiet;
    at::Tensor host = x->value.detach().to(at::kCPU, scalarType(type)).contiguous();
    TORCH_CHECK(host.nbytes() == byte_count, "a tensor of shape ", host.sizes(), " takes ", host.nbytes(), " bytes, not ",
                byte_count);
    if (byte_count > 0) std::memcpy(buffer, host.const_data_ptr(), byte_count);
  });
}

CTStatus ct_item(const CTTensor *x, double *out) {
  return guarded([&] { *out = x->value.item().toDouble(); });
}

CTStatus ct_to_device(const CTTensor *x, CTDevice index, CTTensor **out) {
  return produce(out, [&] { return x->value.to(device(index)); });
}

CTStatus ct_to_type(const CTTensor *x, CTScalarType type, CTTensor **out) {
  return produce(out, [&] { return x->value.to(scalarType(type)); });
}

CTStatus ct_clone(const CTTensor *x, CTTensor **out) {
  return produce(out, [&] { return x->value.clone(); });
}

CTStatus ct_detach(const CTTensor *x, CTTensor **out) {
  return produce(out, [&] { return x->value.detach(); });
}

CTStatus ct_contiguous(const CTTensor *x, bool channels_last, CTTensor **out) {
  return produce(out, [&] {
    if (!channels_last) return x->value.contiguous();
    at::Tensor result = x->value.contiguous(at::MemoryFormat::ChannelsLast);
    // With one channel (or 1 x 1 pixels) both layouts have the same bytes, and strides that look like the other one's make
    // every operator behind it fall back to that.
    if (result.suggest_memory_format() != at::MemoryFormat::ChannelsLast) result = result.clone(at::MemoryFormat::ChannelsLast);
    return result;
  });
}
