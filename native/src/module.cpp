// The Python module nonlin._native. Arrays come as addresses: that is the cheapest call, and
// makes no framework a dependency. nonlin/backends/native.py holds the arrays while it runs.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <stdexcept>

#include "driver.h"
#include "parallel.h"

namespace nb = nanobind;

namespace {

void* address(std::uintptr_t pointer) { return reinterpret_cast<void*>(pointer); }

const nonlin::Kernel& kernel_at(int index) {
  const nonlin::Kernels all = nonlin::kernels();
  if (index < 0 || index >= all.count) throw std::out_of_range("no such kernel");
  return all.first[index];
}

nonlin::Mode mode_of(int mode) {
  if (mode < 0 || mode >= nonlin::kModes) throw std::out_of_range("no such mode");
  return nonlin::Mode(mode);
}

struct Numbers {
  double values[nonlin::kParameters] = {};

  explicit Numbers(const nb::tuple& given) {
    if (given.size() > nonlin::kParameters) throw std::out_of_range("too many parameters");
    for (std::size_t i = 0; i < given.size(); ++i) values[i] = nb::cast<double>(given[i]);
  }
};

// Below this a call is too short for another thread to get a turn meanwhile.
constexpr std::size_t kLong = 4096;

template <class Body>
void unlocked(std::size_t count, const Body& body) {
  if (count < kLong) return body();
  nb::gil_scoped_release release;
  body();
}

void apply(int kernel, int mode, std::uintptr_t x, std::uintptr_t upstream, std::uintptr_t first,
           std::uintptr_t second, std::size_t count, const nb::tuple& parameters, int threads) {
  const Numbers numbers(parameters);
  const nonlin::Kernel& chosen = kernel_at(kernel);
  void* operands[] = {address(x), address(upstream), address(first), address(second)};
  const nonlin::Mode how = mode_of(mode);
  unlocked(count,
           [&] { nonlin::apply(chosen, how, operands, count, numbers.values, threads); });
}

typedef std::vector<std::ptrdiff_t> Sizes;

void apply_strided(int kernel, int mode, const std::vector<std::uintptr_t>& pointers,
                   const Sizes& shape, std::vector<Sizes> strides, const nb::tuple& parameters,
                   int threads) {
  const Numbers numbers(parameters);
  const nonlin::Kernel& chosen = kernel_at(kernel);
  const nonlin::Mode how = mode_of(mode);
  if (pointers.size() != nonlin::kOperands || strides.size() != nonlin::kOperands) {
    throw std::out_of_range("four operands expected");
  }
  void* operands[nonlin::kOperands];
  Sizes steps[nonlin::kOperands];
  for (std::size_t k = 0; k < nonlin::kOperands; ++k) {
    operands[k] = address(pointers[k]);
    if (operands[k] != nullptr && strides[k].size() != shape.size()) {
      throw std::out_of_range("strides of another number of dimensions");
    }
    if (operands[k] != nullptr) steps[k] = strides[k];
  }
  nb::gil_scoped_release release;
  nonlin::apply_strided(chosen, how, operands, shape, steps, numbers.values, threads);
}

double reduce(int kernel, int parameter, std::uintptr_t x, std::uintptr_t upstream,
              std::size_t count, const nb::tuple& parameters, int threads) {
  const Numbers numbers(parameters);
  const nonlin::Kernel& chosen = kernel_at(kernel);
  if (parameter < 0 || parameter >= nonlin::kParameters || !chosen.reduce[parameter]) {
    throw std::out_of_range("no gradient of this parameter");
  }
  nb::gil_scoped_release release;
  return nonlin::reduce(chosen, parameter, address(x), address(upstream), count, numbers.values,
                        threads);
}

// (name, words, parameters, learned, dtype, precision) of every kernel, in the order of `apply`.
nb::list kernels() {
  nb::list result;
  const nonlin::Kernels all = nonlin::kernels();
  for (int i = 0; i < all.count; ++i) {
    const nonlin::Kernel& kernel = all.first[i];
    nb::list parameters, learned;
    for (int k = 0; k < nonlin::kParameters && kernel.parameters[k] != nullptr; ++k) {
      parameters.append(nb::str(kernel.parameters[k]));
      if (kernel.reduce[k] != nullptr) learned.append(nb::str(kernel.parameters[k]));
    }
    nb::dict words;
    if (kernel.words[0] != nullptr) words[kernel.words[0]] = nb::str(kernel.words[1]);
    const char* type = kernel.type == nonlin::Type::float64 ? "float64" : "float32";
    const char* precision = kernel.precision == nonlin::Precision::fast ? "fast" : "exact";
    result.append(nb::make_tuple(nb::str(kernel.name), words, nb::tuple(parameters),
                                 nb::tuple(learned), nb::str(type), nb::str(precision)));
  }
  return result;
}

}  // namespace

NB_MODULE(_native, m) {
  m.doc() = "Kernels of activations on the processor; nonlin.backends.native calls them.";
  m.def("kernels", &kernels);
  m.def("instruction_set", &nonlin::instruction_set);
  m.def("share_pool", [](const std::string& path) { return nonlin::share_pool(path.c_str()); });
  m.def("advise", [](std::uintptr_t memory, std::size_t bytes) {
    nonlin::advise(address(memory), bytes);
  });
  m.def("apply", &apply);
  m.def("apply_strided", &apply_strided);
  m.def("reduce", &reduce);
}
