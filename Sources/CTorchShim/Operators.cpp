// The operators on tensors.
#include "Shim.h"

using namespace shim;

// Element by element

static at::Tensor apply(CTUnary function, const at::Tensor &x) {
  switch (function) {
    case CT_RELU: return at::relu(x);
    case CT_SIGMOID: return at::sigmoid(x);
    case CT_TANH: return at::tanh(x);
    case CT_NEG: return at::neg(x);
    case CT_ABS: return at::abs(x);
    case CT_SQUARE: return at::square(x);
    case CT_SQRT: return at::sqrt(x);
    case CT_RSQRT: return at::rsqrt(x);
    case CT_EXP: return at::exp(x);
    case CT_LOG: return at::log(x);
    case CT_SIGN: return at::sign(x);
    case CT_FLOOR: return at::floor(x);
    case CT_ROUND: return at::round(x);
    case CT_RECIPROCAL: return at::reciprocal(x);
    case CT_ISFINITE: return at::isfinite(x);
    case CT_LOGICAL_NOT: return at::logical_not(x);
  }
  TORCH_CHECK(false, "unknown unary function");
}

CTStatus ct_unary(CTUnary function, const CTTensor *x, CTTensor **out) {
  return produce(out, [&] { return apply(function, x->value); });
}

static at::Tensor apply(CTBinary function, const at::Tensor &x, const at::Tensor &y) {
  switch (function) {
    case CT_ADD: return at::add(x, y);
    case CT_SUB: return at::sub(x, y);
    case CT_MUL: return at::mul(x, y);
    case CT_DIV: return at::div(x, y);
    case CT_POW: return at::pow(x, y);
    case CT_MAXIMUM: return at::maximum(x, y);
    case CT_MINIMUM: return at::minimum(x, y);
    case CT_EQ: return at::eq(x, y);
    case CT_NE: return at::ne(x, y);
    case CT_LT: return at::lt(x, y);
    case CT_LE: return at::le(x, y);
    case CT_GT: return at::gt(x, y);
    case CT_GE: return at::ge(x, y);
    case CT_LOGICAL_AND: return at::logical_and(x, y);
    case CT_LOGICAL_OR: return at::logical_or(x, y);
  }
  TORCH_CHECK(false, "unknown binary function");
}

CTStatus ct_binary(CTBinary function, const CTTensor *x, const CTTensor *y, CTTensor **out) {
  return produce(out, [&] { return apply(function, x->value, y->value); });
}

// Whole numbers keep an integer tensor's type, as in PyTorch.
static at::Scalar scalar(double value, const at::Tensor &x) {
  if (!x.is_floating_point() && value == static_cast<double>(static_cast<int64_t>(value))) {
    return at::Scalar(static_cast<int64_t>(value));
  }
  return at::Scalar(value);
}

CTStatus ct_binary_scalar(CTBinary function, const CTTensor *x, double y, CTTensor **out) {
  return produce(out, [&]() -> at::Tensor {
    const at::Tensor &value = x->value;
    at::Scalar number = scalar(y, value);
    switch (function) {
      case CT_ADD: return at::add(value, number);
      case CT_SUB: return at::sub(value, number);
      case CT_MUL: return at::mul(value, number);
      case CT_DIV: return at::div(value, number);
      case CT_POW: return at::pow(value, number);
      case CT_MAXIMUM: return at::clamp_min(value, number);
      case CT_MINIMUM: return at::clamp_max(value, number);
      case CT_EQ: return at::eq(value, number);
      case CT_NE: return at::ne(value, number);
      case CT_LT: return at::lt(value, number);
      case CT_LE: return at::le(value, number);
      case CT_GT: return at::gt(value, number);
      case CT_GE: return at::ge(value, number);
      case CT_LOGICAL_AND:
      case CT_LOGICAL_OR: break;
    }
    TORCH_CHECK(false, "this function takes no number");
  });
}

CTStatus ct_leaky_relu(const CTTensor *x, double slope, CTTensor **out) {
  return produce(out, [&] { return at::leaky_relu(x->value, slope); });
}

CTStatus ct_clamp(const CTTensor *x, double low, double high, CTTensor **out) {
  return produce(out, [&] { return at::clamp(x->value, scalar(low, x->value), scalar(high, x->value)); });
}

CTStatus ct_where(const CTTensor *condition, const CTTensor *x, const CTTensor *y, CTTensor **out) {
  return produce(out, [&] { return at::where(condition->value, x->value, y->value); });
}

// Reductions

CTStatus ct_reduce(CTReduction function, const CTTensor *x, const intptr_t *axes, intptr_t count, bool keep, CTTensor **out) {
  return produce(out, [&]() -> at::Tensor {
    const at::Tensor &value = x->value;
    std::vector<int64_t> dims(axes, axes + count);
    if (dims.empty()) {
      for (int64_t i = 0; i < value.dim(); i++) dims.push_back(i);
    }
    switch (function) {
      case CT_SUM: return at::sum(value, dims, keep);
      case CT_MEAN: return at::mean(value, dims, keep);
      case CT_AMAX: return at::amax(value, dims, keep);
      case CT_AMIN: return at::amin(value, dims, keep);
      case CT_VAR: return at::var(value, at::OptionalIntArrayRef(dims), at::Scalar(int64_t(0)), keep);
      case CT_VAR_UNBIASED: return at::var(value, at::OptionalIntArrayRef(dims), at::Scalar(int64_t(1)), keep);
      case CT_ALL: return at::all(value, at::OptionalIntArrayRef(dims), keep);
      case CT_ANY: return at::any(value, at::OptionalIntArrayRef(dims), keep);
    }
    TORCH_CHECK(false, "unknown reduction");
  });
}

CTStatus ct_norm(const CTTensor *x, double p, const intptr_t *axes, intptr_t count, bool keep, CTTensor **out) {
  return produce(out, [&] {
    if (count == 0 && !keep) return at::linalg_vector_norm(x->value, p);
    return at::linalg_vector_norm(x->value, p, at::OptionalIntArrayRef(sizes(axes, count)), keep);
  });
}

CTStatus ct_argmax(const CTTensor *x, intptr_t axis, CTTensor **out) {
  return produce(out, [&] { return at::argmax(x->value, axis); });
}

CTStatus ct_argmin(const CTTensor *x, intptr_t axis, CTTensor **out) {
  return produce(out, [&] { return at::argmin(x->value, axis); });
}

CTStatus ct_cumsum(const CTTensor *x, intptr_t axis, CTTensor **out) {
  return produce(out, [&] { return at::cumsum(x->value, axis); });
}

CTStatus ct_topk(const CTTensor *x, intptr_t k, intptr_t axis, bool largest, CTTensor **values, CTTensor **indices) {
  return guarded([&] {
    auto [best, where] = at::topk(x->value, k, axis, largest, /*sorted=*/true);
    *values = retained(best);
    *indices = retained(where);
  });
}

CTStatus ct_sort(const CTTensor *x, intptr_t axis, bool descending, CTTensor **values, CTTensor **indices) {
  return guarded([&] {
    auto [sorted, where] = at::sort(x->value, /*stable=*/true, axis, descending);
    *values = retained(sorted);
    *indices = retained(where);
  });
}

CTStatus ct_histogram(const CTTensor *x, intptr_t bins, double low, double high, CTTensor **out) {
  return produce(out, [&] { return at::histc(x->value, bins, low, high); });
}

CTStatus ct_bincount(const CTTensor *x, intptr_t minimum_length, CTTensor **out) {
  return produce(out, [&] { return at::bincount(x->value, {}, minimum_length); });
}

// Matrices

CTStatus ct_matmul(const CTTensor *x, const CTTensor *y, CTTensor **out) {
  return produce(out, [&] { return at::matmul(x->value, y->value); });
}

CTStatus ct_addmm(const CTTensor *c, const CTTensor *a, const CTTensor *b, double beta, double alpha, CTTensor **out) {
  return produce(out, [&] { return at::addmm(c->value, a->value, b->value, beta, alpha); });
}

CTStatus ct_pairwise_distance(const CTTensor *x, const CTTensor *y, double p, CTTensor **out) {
  // Mode 2 never takes the matrix product, whose cancellation costs digits for near rows.
  return produce(out, [&] { return at::cdist(x->value, y->value, p, 2); });
}

CTStatus ct_matrix_rank(const CTTensor *x, CTTensor **out) {
  return produce(out, [&] { return at::linalg_matrix_rank(x->value, std::optional<double>(), std::optional<double>()); });
}

CTStatus ct_singular_values(const CTTensor *x, CTTensor **out) {
  return produce(out, [&] { return at::linalg_svdvals(x->value); });
}

// Layers

CTStatus ct_conv2d(const CTTensor *x, const CTTensor *weight, const CTTensor *bias, intptr_t stride_h, intptr_t stride_w,
                   intptr_t pad_h, intptr_t pad_w, intptr_t dilation_h, intptr_t dilation_w, intptr_t groups, CTTensor **out) {
  return produce(out, [&] {
    return at::conv2d(x->value, weight->value, optional(bias), {stride_h, stride_w}, {pad_h, pad_w},
                      {dilation_h, dilation_w}, groups);
  });
}

CTStatus ct_linear(const CTTensor *x, const CTTensor *weight, const CTTensor *bias, CTTensor **out) {
  return produce(out, [&] { return at::linear(x->value, weight->value, optional(bias)); });
}

CTStatus ct_batch_norm(const CTTensor *x, const CTTensor *weight, const CTTensor *bias, const CTTensor *mean,
                       const CTTensor *variance, bool training, double momentum, double epsilon, CTTensor **out) {
  return produce(out, [&] {
    const at::Tensor &value = x->value;
    TORCH_CHECK(value.dim() >= 2, "batch normalisation needs an input [N, C, ...]");
    TORCH_CHECK(!training || value.numel() != value.size(1),
                "training batch normalisation needs more than one value per channel");
    at::Tensor result = at::batch_norm(value, optional(weight), optional(bias), optional(mean), optional(variance),
                                       training, momentum, epsilon, /*cudnn_enabled=*/true);
    return result;
  });
}

CTStatus ct_max_pool2d(const CTTensor *x, intptr_t kernel_h, intptr_t kernel_w, intptr_t stride_h, intptr_t stride_w,
                       intptr_t pad_h, intptr_t pad_w, bool ceil_mode, CTTensor **out) {
  return produce(out, [&] {
    return at::max_pool2d(x->value, {kernel_h, kernel_w}, {stride_h, stride_w}, {pad_h, pad_w}, {1, 1}, ceil_mode);
  });
}

CTStatus ct_avg_pool2d(const CTTensor *x, intptr_t kernel_h, intptr_t kernel_w, intptr_t stride_h, intptr_t stride_w,
                       intptr_t pad_h, intptr_t pad_w, bool ceil_mode, bool counts_padding, intptr_t divisor, CTTensor **out) {
  return produce(out, [&] {
    std::optional<int64_t> override;
    if (divisor > 0) override = divisor;
    return at::avg_pool2d(x->value, {kernel_h, kernel_w}, {stride_h, stride_w}, {pad_h, pad_w}, ceil_mode, counts_padding,
                          override);
  });
}

CTStatus ct_unfold(const CTTensor *x, intptr_t kernel_h, intptr_t kernel_w, intptr_t stride_h, intptr_t stride_w,
                   intptr_t pad_h, intptr_t pad_w, intptr_t dilation_h, intptr_t dilation_w, CTTensor **out) {
  return produce(out, [&] {
    return at::im2col(x->value, {kernel_h, kernel_w}, {dilation_h, dilation_w}, {pad_h, pad_w}, {stride_h, stride_w});
  });
}

CTStatus ct_softmax(const CTTensor *x, intptr_t axis, CTTensor **out) {
  return produce(out, [&] { return at::softmax(x->value, axis); });
}

CTStatus ct_log_softmax(const CTTensor *x, intptr_t axis, CTTensor **out) {
  return produce(out, [&] { return at::log_softmax(x->value, axis); });
}

CTStatus ct_cross_entropy(const CTTensor *logits, const CTTensor *labels, double smoothing, int32_t reduction, CTTensor **out) {
  return produce(out, [&] {
    return at::cross_entropy_loss(logits->value, labels->value, {}, reduction, /*ignore_index=*/-100, smoothing);
  });
}

CTStatus ct_kl_divergence(const CTTensor *log_input, const CTTensor *target, bool log_target, int32_t reduction, CTTensor **out) {
  return produce(out, [&] { return at::kl_div(log_input->value, target->value, reduction, log_target); });
}

CTStatus ct_mse_loss(const CTTensor *x, const CTTensor *target, int32_t reduction, CTTensor **out) {
  return produce(out, [&] { return at::mse_loss(x->value, target->value, reduction); });
}

// Shapes and indices

CTStatus ct_reshape(const CTTensor *x, const intptr_t *shape, intptr_t rank, CTTensor **out) {
  return produce(out, [&] { return at::reshape(x->value, sizes(shape, rank)); });
}

CTStatus ct_to_matrix(const CTTensor *x, intptr_t axis, CTTensor **out) {
  return produce(out, [&] {
    at::IntArrayRef shape = x->value.sizes();
    intptr_t rank = static_cast<intptr_t>(shape.size());
    intptr_t cut = axis < 0 ? axis + rank : axis;
    TORCH_CHECK(cut >= 0 && cut <= rank, "cannot flatten ", rank, " axes at axis ", axis);
    int64_t rows = 1, columns = 1;
    for (intptr_t i = 0; i < rank; i++) (i < cut ? rows : columns) *= shape[static_cast<size_t>(i)];
    return at::reshape(x->value, {rows, columns});
  });
}

CTStatus ct_permute(const CTTensor *x, const intptr_t *axes, intptr_t count, CTTensor **out) {
  return produce(out, [&] { return at::permute(x->value, sizes(axes, count)); });
}

CTStatus ct_transpose(const CTTensor *x, intptr_t axis, intptr_t other, CTTensor **out) {
  return produce(out, [&] { return at::transpose(x->value, axis, other); });
}

CTStatus ct_expand(const CTTensor *x, const intptr_t *shape, intptr_t rank, CTTensor **out) {
  return produce(out, [&] { return x->value.expand(sizes(shape, rank)); });
}

CTStatus ct_cat(const CTTensor *const *tensors, intptr_t count, intptr_t axis, CTTensor **out) {
  return produce(out, [&] { return at::cat(list(tensors, count), axis); });
}

CTStatus ct_stack(const CTTensor *const *tensors, intptr_t count, intptr_t axis, CTTensor **out) {
  return produce(out, [&] { return at::stack(list(tensors, count), axis); });
}

CTStatus ct_slice(const CTTensor *x, intptr_t axis, intptr_t start, intptr_t end, intptr_t step, CTTensor **out) {
  return produce(out, [&] { return at::slice(x->value, axis, start, end, step); });
}

CTStatus ct_pad(const CTTensor *x, const intptr_t *amounts, intptr_t rank, double value, CTTensor **out) {
  return produce(out, [&] {
    TORCH_CHECK(rank == x->value.dim(), "has amounts for ", rank, " axes");
    // libtorch counts from the last axis.
    std::vector<int64_t> reversed;
    for (intptr_t axis = rank - 1; axis >= 0; axis--) {
      reversed.push_back(amounts[2 * axis]);
      reversed.push_back(amounts[2 * axis + 1]);
    }
    return at::constant_pad_nd(x->value, reversed, value);
  });
}

CTStatus ct_flip(const CTTensor *x, const intptr_t *axes, intptr_t count, CTTensor **out) {
  return produce(out, [&] { return at::flip(x->value, sizes(axes, count)); });
}

CTStatus ct_index_select(const CTTensor *x, intptr_t axis, const CTTensor *indices, CTTensor **out) {
  return produce(out, [&] { return at::index_select(x->value, axis, indices->value); });
}

CTStatus ct_gather(const CTTensor *x, intptr_t axis, const CTTensor *indices, CTTensor **out) {
  return produce(out, [&] { return at::gather(x->value, axis, indices->value); });
}

CTStatus ct_one_hot(const CTTensor *labels, intptr_t classes, CTTensor **out) {
  return produce(out, [&] { return at::one_hot(labels->value, classes); });
}
