// libtorch as C: opaque handles, and a status from every call that can fail.
//
// Rules that hold for all functions:
// - No C++ exception leaves. A failure gives a code and a message from malloc, which the caller frees with ct_free.
// - Results come through the last pointers, which are written only on success; the caller owns them.
// - Sizes, axes and counts are intptr_t, Swift's Int. Optional tensors may be NULL.
// - Grad mode, inference mode and autocast are libtorch's and belong to the calling thread.
// - Every random function takes a generator; libtorch's global ones are never used.
#ifndef COPPICE_CTORCHSHIM_H
#define COPPICE_CTORCHSHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct CTTensor CTTensor;
typedef struct CTGenerator CTGenerator;
typedef struct CTInferenceScope CTInferenceScope;

enum {
  CT_OK = 0,
  // libtorch refused: shapes, types, values.
  CT_REFUSED = 1,
  CT_OUT_OF_MEMORY = 2,
  // No such device in this build or on this host.
  CT_NO_DEVICE = 3,
  // Anything else that C++ threw.
  CT_INTERNAL = 4,
};

typedef struct {
  int32_t code;
  // NULL when the code is CT_OK.
  char *message;
} CTStatus;

void ct_free(void *memory);

// -1 is the CPU, 0 and up are CUDA devices.
typedef int32_t CTDevice;

// In ModelGraph's order of element types.
enum {
  CT_FLOAT32, CT_FLOAT64, CT_FLOAT16, CT_BFLOAT16, CT_INT8, CT_INT16, CT_INT32, CT_INT64,
  CT_UINT8, CT_UINT16, CT_UINT32, CT_UINT64, CT_BOOL,
};
typedef int32_t CTScalarType;

// Runtime ------------------------------------------------------------------------------------------------------------

CTStatus ct_set_thread_count(int32_t count);
int32_t ct_thread_count(void);
// libtorch's version, for instance "2.13.0"; static memory.
const char *ct_version(void);
// Compiler, BLAS, oneDNN, instruction set; from malloc.
char *ct_build_configuration(void);
// Architecture and what libtorch's kernels use of its instructions, "x86_64 AVX512 bf16 vnni", say; from malloc.
char *ct_instruction_set(void);
// The sources of everything that decides what evaluations bring, one after the other, each ended by a zero; static memory.
const unsigned char *ct_engine_sources(void);
size_t ct_engine_sources_size(void);
int32_t ct_cuda_device_count(void);
CTStatus ct_set_deterministic(bool deterministic);
CTStatus ct_synchronize(CTDevice device);
// Handles that this thread has made and not freed.
intptr_t ct_live_tensors(void);
// Calls that this thread has made, each at most one operator: a measure of work that does not depend on time.
uint64_t ct_calls(void);

// Scopes of the calling thread ----------------------------------------------------------------------------------------

bool ct_grad_enabled(void);
// Returns what was set before; empties the autocast cache when the mode changes.
bool ct_set_grad_enabled(bool enabled);
CTInferenceScope *ct_inference_begin(void);
void ct_inference_end(CTInferenceScope *scope);

typedef struct {
  CTDevice device;
  bool enabled;
  CTScalarType type;
} CTAutocastState;
CTStatus ct_autocast_begin(CTDevice device, CTScalarType type, CTAutocastState *previous);
// Restores `previous` and empties autocast's cache of cast weights.
void ct_autocast_end(CTAutocastState previous);
// Which fused attention operators libtorch may choose, as bits; the setting is the process's. Returns what was set before.
int32_t ct_set_fused_attention(int32_t kinds);

// Generators ----------------------------------------------------------------------------------------------------------

CTStatus ct_generator_new(uint64_t seed, CTDevice device, CTGenerator **out);
void ct_generator_free(CTGenerator *generator);
CTStatus ct_randn(CTGenerator *generator, const intptr_t *shape, intptr_t rank, CTTensor **out);
CTStatus ct_uniform(CTGenerator *generator, double low, double high, const intptr_t *shape, intptr_t rank, CTTensor **out);
// int64 in low..<high.
CTStatus ct_randint(CTGenerator *generator, intptr_t low, intptr_t high, const intptr_t *shape, intptr_t rank, CTTensor **out);
// float32 ones with the given probability, else zeros.
CTStatus ct_bernoulli(CTGenerator *generator, double probability, const intptr_t *shape, intptr_t rank, CTTensor **out);
CTStatus ct_randperm(CTGenerator *generator, intptr_t count, CTTensor **out);

// Making, reading, moving ---------------------------------------------------------------------------------------------

void ct_tensor_free(CTTensor *tensor);
// Copies `byte_count` row-major bytes.
CTStatus ct_from_bytes(const void *bytes, size_t byte_count, CTScalarType type, const intptr_t *shape, intptr_t rank,
                       CTDevice device, CTTensor **out);
CTStatus ct_full(double value, CTScalarType type, const intptr_t *shape, intptr_t rank, CTDevice device, CTTensor **out);
CTStatus ct_arange(intptr_t start, intptr_t end, CTScalarType type, CTDevice device, CTTensor **out);
intptr_t ct_rank(const CTTensor *x);
void ct_shape(const CTTensor *x, intptr_t *sizes);
intptr_t ct_size(const CTTensor *x, intptr_t axis);
intptr_t ct_element_count(const CTTensor *x);
// -1 for a type that is not in the list above.
CTScalarType ct_scalar_type(const CTTensor *x);
CTDevice ct_device(const CTTensor *x);
bool ct_is_channels_last(const CTTensor *x);
bool ct_shares_storage(const CTTensor *x, const CTTensor *y);
// Row-major values converted to `type`; `byte_count` must be exactly what they take.
CTStatus ct_copy_out(const CTTensor *x, CTScalarType type, void *buffer, size_t byte_count);
CTStatus ct_item(const CTTensor *x, double *out);
CTStatus ct_to_device(const CTTensor *x, CTDevice device, CTTensor **out);
CTStatus ct_to_type(const CTTensor *x, CTScalarType type, CTTensor **out);
CTStatus ct_clone(const CTTensor *x, CTTensor **out);
CTStatus ct_detach(const CTTensor *x, CTTensor **out);
CTStatus ct_contiguous(const CTTensor *x, bool channels_last, CTTensor **out);

// Element by element --------------------------------------------------------------------------------------------------

typedef enum {
  CT_RELU, CT_SIGMOID, CT_TANH, CT_NEG, CT_ABS, CT_SQUARE, CT_SQRT, CT_RSQRT, CT_EXP, CT_LOG, CT_SIGN, CT_FLOOR, CT_ROUND,
  CT_RECIPROCAL, CT_ISFINITE, CT_LOGICAL_NOT,
} CTUnary;
CTStatus ct_unary(CTUnary function, const CTTensor *x, CTTensor **out);

typedef enum {
  CT_ADD, CT_SUB, CT_MUL, CT_DIV, CT_POW, CT_MAXIMUM, CT_MINIMUM,
  CT_EQ, CT_NE, CT_LT, CT_LE, CT_GT, CT_GE, CT_LOGICAL_AND, CT_LOGICAL_OR,
} CTBinary;
CTStatus ct_binary(CTBinary function, const CTTensor *x, const CTTensor *y, CTTensor **out);
CTStatus ct_binary_scalar(CTBinary function, const CTTensor *x, double y, CTTensor **out);
CTStatus ct_leaky_relu(const CTTensor *x, double slope, CTTensor **out);
CTStatus ct_clamp(const CTTensor *x, double low, double high, CTTensor **out);
CTStatus ct_where(const CTTensor *condition, const CTTensor *x, const CTTensor *y, CTTensor **out);

// Reductions; no axes means all ----------------------------------------------------------------------------------------

typedef enum { CT_SUM, CT_MEAN, CT_AMAX, CT_AMIN, CT_VAR, CT_VAR_UNBIASED, CT_ALL, CT_ANY } CTReduction;
CTStatus ct_reduce(CTReduction function, const CTTensor *x, const intptr_t *axes, intptr_t count, bool keep, CTTensor **out);
CTStatus ct_norm(const CTTensor *x, double p, const intptr_t *axes, intptr_t count, bool keep, CTTensor **out);
CTStatus ct_argmax(const CTTensor *x, intptr_t axis, CTTensor **out);
CTStatus ct_argmin(const CTTensor *x, intptr_t axis, CTTensor **out);
CTStatus ct_cumsum(const CTTensor *x, intptr_t axis, CTTensor **out);
CTStatus ct_topk(const CTTensor *x, intptr_t k, intptr_t axis, bool largest, CTTensor **values, CTTensor **indices);
CTStatus ct_sort(const CTTensor *x, intptr_t axis, bool descending, CTTensor **values, CTTensor **indices);
CTStatus ct_histogram(const CTTensor *x, intptr_t bins, double low, double high, CTTensor **out);
CTStatus ct_bincount(const CTTensor *x, intptr_t minimum_length, CTTensor **out);

// Matrices ------------------------------------------------------------------------------------------------------------

CTStatus ct_matmul(const CTTensor *x, const CTTensor *y, CTTensor **out);
CTStatus ct_addmm(const CTTensor *c, const CTTensor *a, const CTTensor *b, double beta, double alpha, CTTensor **out);
CTStatus ct_pairwise_distance(const CTTensor *x, const CTTensor *y, double p, CTTensor **out);
CTStatus ct_matrix_rank(const CTTensor *x, CTTensor **out);
CTStatus ct_singular_values(const CTTensor *x, CTTensor **out);

// Layers --------------------------------------------------------------------------------------------------------------

CTStatus ct_conv2d(const CTTensor *x, const CTTensor *weight, const CTTensor *bias, intptr_t stride_h, intptr_t stride_w,
                   intptr_t pad_h, intptr_t pad_w, intptr_t dilation_h, intptr_t dilation_w, intptr_t groups, CTTensor **out);
CTStatus ct_linear(const CTTensor *x, const CTTensor *weight, const CTTensor *bias, CTTensor **out);
CTStatus ct_batch_norm(const CTTensor *x, const CTTensor *weight, const CTTensor *bias, const CTTensor *mean,
                       const CTTensor *variance, bool training, double momentum, double epsilon, CTTensor **out);
CTStatus ct_max_pool2d(const CTTensor *x, intptr_t kernel_h, intptr_t kernel_w, intptr_t stride_h, intptr_t stride_w,
                       intptr_t pad_h, intptr_t pad_w, bool ceil_mode, CTTensor **out);
// A `divisor` above zero replaces the number of averaged elements.
CTStatus ct_avg_pool2d(const CTTensor *x, intptr_t kernel_h, intptr_t kernel_w, intptr_t stride_h, intptr_t stride_w,
                       intptr_t pad_h, intptr_t pad_w, bool ceil_mode, bool counts_padding, intptr_t divisor, CTTensor **out);
// `[N, C, H, W]` to `[N, C * kh * kw, positions]`: a convolution's input as a matrix.
CTStatus ct_unfold(const CTTensor *x, intptr_t kernel_h, intptr_t kernel_w, intptr_t stride_h, intptr_t stride_w,
                   intptr_t pad_h, intptr_t pad_w, intptr_t dilation_h, intptr_t dilation_w, CTTensor **out);
CTStatus ct_softmax(const CTTensor *x, intptr_t axis, CTTensor **out);
CTStatus ct_log_softmax(const CTTensor *x, intptr_t axis, CTTensor **out);

enum { CT_REDUCE_NONE = 0, CT_REDUCE_MEAN = 1, CT_REDUCE_SUM = 2 };
CTStatus ct_cross_entropy(const CTTensor *logits, const CTTensor *labels, double smoothing, int32_t reduction, CTTensor **out);
CTStatus ct_kl_divergence(const CTTensor *log_input, const CTTensor *target, bool log_target, int32_t reduction, CTTensor **out);
CTStatus ct_mse_loss(const CTTensor *x, const CTTensor *target, int32_t reduction, CTTensor **out);

// Shapes and indices --------------------------------------------------------------------------------------------------

CTStatus ct_reshape(const CTTensor *x, const intptr_t *shape, intptr_t rank, CTTensor **out);
// To two axes: the product of those before `axis`, and of the others.
CTStatus ct_to_matrix(const CTTensor *x, intptr_t axis, CTTensor **out);
CTStatus ct_permute(const CTTensor *x, const intptr_t *axes, intptr_t count, CTTensor **out);
CTStatus ct_transpose(const CTTensor *x, intptr_t axis, intptr_t other, CTTensor **out);
CTStatus ct_expand(const CTTensor *x, const intptr_t *shape, intptr_t rank, CTTensor **out);
CTStatus ct_cat(const CTTensor *const *tensors, intptr_t count, intptr_t axis, CTTensor **out);
CTStatus ct_stack(const CTTensor *const *tensors, intptr_t count, intptr_t axis, CTTensor **out);
CTStatus ct_slice(const CTTensor *x, intptr_t axis, intptr_t start, intptr_t end, intptr_t step, CTTensor **out);
// `amounts` holds before and after for each axis, the first axis first; negative amounts cut.
CTStatus ct_pad(const CTTensor *x, const intptr_t *amounts, intptr_t rank, double value, CTTensor **out);
CTStatus ct_flip(const CTTensor *x, const intptr_t *axes, intptr_t count, CTTensor **out);
CTStatus ct_index_select(const CTTensor *x, intptr_t axis, const CTTensor *indices, CTTensor **out);
CTStatus ct_gather(const CTTensor *x, intptr_t axis, const CTTensor *indices, CTTensor **out);
CTStatus ct_one_hot(const CTTensor *labels, intptr_t classes, CTTensor **out);

// Gradients -----------------------------------------------------------------------------------------------------------

bool ct_requires_grad(const CTTensor *x);
CTStatus ct_set_requires_grad(CTTensor *x, bool requires_grad);
CTStatus ct_retain_grad(CTTensor *x);
// NULL when there is none.
CTStatus ct_grad(const CTTensor *x, CTTensor **out);
CTStatus ct_clear_grad(CTTensor *x);
CTStatus ct_backward(const CTTensor *x, const CTTensor *gradient, bool retain_graph, bool create_graph);
// One result per input, NULL where the outputs do not depend on it; `gradients` may be NULL for scalar outputs.
CTStatus ct_gradients(const CTTensor *const *outputs, intptr_t output_count, const CTTensor *const *inputs,
                      intptr_t input_count, const CTTensor *const *gradients, bool retain_graph, bool create_graph,
                      CTTensor **out);

// In place, outside the gradient's tape --------------------------------------------------------------------------------

// Only for a tensor that nothing else reads; this one is on the tape.
CTStatus ct_relu_in_place(CTTensor *x);
CTStatus ct_copy_in_place(CTTensor *x, const CTTensor *source);
CTStatus ct_fill_in_place(CTTensor *x, double value);
CTStatus ct_add_in_place(CTTensor *x, const CTTensor *y, double alpha);
CTStatus ct_mul_in_place(CTTensor *x, const CTTensor *y);
CTStatus ct_add_scalar_in_place(CTTensor *x, double value);
CTStatus ct_mul_scalar_in_place(CTTensor *x, double value);
CTStatus ct_clamp_in_place(CTTensor *x, double low, double high);
CTStatus ct_addcmul_in_place(CTTensor *x, const CTTensor *a, const CTTensor *b, double value);
CTStatus ct_addcdiv_in_place(CTTensor *x, const CTTensor *a, const CTTensor *b, double value);
// PyTorch's SGD over all parameters that have a gradient; velocities start as zeros and may be NULL without momentum.
CTStatus ct_sgd_step(CTTensor *const *parameters, CTTensor *const *velocities, intptr_t count, double learning_rate,
                     double momentum, double weight_decay, bool nesterov);

// Any operator by name -------------------------------------------------------------------------------------------------

// A registered operator; it lives as long as the process.
typedef struct CTOperator CTOperator;
// `name` such as "aten::gelu", `overload` such as "Tensor" or empty.
CTStatus ct_find_operator(const char *name, const char *overload, CTOperator **out);

typedef enum {
  CT_ARG_NONE, CT_ARG_TENSOR, CT_ARG_TENSORS, CT_ARG_OPTIONAL_TENSORS, CT_ARG_INTEGER, CT_ARG_DECIMAL, CT_ARG_FLAG,
  CT_ARG_INTEGERS, CT_ARG_DECIMALS, CT_ARG_FLAGS, CT_ARG_TYPE, CT_ARG_TEXT, CT_ARG_DEVICE, CT_ARG_GENERATOR,
} CTArgumentKind;

// One argument. Single values are in `integer` (flags, types, devices too) or `decimal`; a tensor or generator is the
// handle in `items`; lists have `count` words of eight bytes at `items` (handles, int64, double), a text its bytes.
typedef struct {
  int32_t kind;
  int64_t integer;
  double decimal;
  const void *items;
  intptr_t count;
} CTArgument;

// Calls through libtorch's dispatcher, so that gradients and autocast work. Arguments that are left out at the end take
// their defaults. Tensors and tensor lists among the results are written to `results` in order, at most `capacity`.
CTStatus ct_call(const CTOperator *op, const CTArgument *arguments, intptr_t count, CTTensor **results, intptr_t capacity,
                 intptr_t *result_count);

#ifdef __cplusplus
}
#endif

#endif
