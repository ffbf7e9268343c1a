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

const nonlin::Entry& entry_at(int index) {
  const auto& all = nonlin::entries();
  if (index < 0 || std::size_t(index) >= all.size()) throw std::out_of_range("no such kernel");
  return all[std::size_t(index)];
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
  const nonlin::Entry& chosen = entry_at(kernel);
  void* operands[] = {address(x), address(upstream), address(first), address(second)};
  const nonlin::Mode how = mode_of(mode);
  unlocked(count,
           [&] { nonlin::apply(chosen, how, operands, count, numbers.values, threads); });
}

// Where a NumPy array's numbers lie, by NumPy's array interface: `array.ctypes.data` is the same
// at ten times the cost.
std::uintptr_t address_of(nb::handle array) {
  struct Interface {
    int two, dimensions;
    char kind;
    int size, flags;
    Py_ssize_t *shape, *strides;
    void* data;
    PyObject* description;
  };
  const nb::object capsule = array.attr("__array_struct__");
  const void* found = PyCapsule_GetPointer(capsule.ptr(), nullptr);
  if (found == nullptr) throw nb::python_error();
  const auto* interface = static_cast<const Interface*>(found);
  if (interface->two != 2) throw std::invalid_argument("an array interface of another version");
  return reinterpret_cast<std::uintptr_t>(interface->data);
}

typedef std::vector<std::ptrdiff_t> Sizes;

void apply_strided(int kernel, int mode, const std::vector<std::uintptr_t>& pointers,
                   const Sizes& shape, std::vector<Sizes> strides, const nb::tuple& parameters,
                   int threads) {
  const Numbers numbers(parameters);
  const nonlin::Entry& chosen = entry_at(kernel);
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
  const nonlin::Entry& chosen = entry_at(kernel);
  if (parameter < 0 || parameter >= nonlin::kParameters || !chosen.kernel->reduce[parameter]) {
    throw std::out_of_range("no gradient of this parameter");
  }
  nb::gil_scoped_release release;
  return nonlin::reduce(chosen, parameter, address(x), address(upstream), count, numbers.values,
                        threads);
}

// (name, words, parameters, learned, dtype, precision) of every kernel, in the order of `apply`.
nb::list kernels() {
  nb::list result;
  for (const nonlin::Entry& entry : nonlin::entries()) {
    const nonlin::Kernel& kernel = *entry.kernel;
    nb::list parameters, learned;
    for (int k = 0; k < nonlin::kParameters && kernel.parameters[k] != nullptr; ++k) {
      parameters.append(nb::str(kernel.parameters[k]));
      if (kernel.reduce[k] != nullptr) learned.append(nb::str(kernel.parameters[k]));
    }
    nb::dict words;
    if (kernel.words[0] != nullptr) words[kernel.words[0]] = nb::str(kernel.words[1]);
    const char* types[] = {"float32", "float64", "float16", "bfloat16"};
    const char* type = types[int(entry.number)];
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
  m.def("address", &address_of);
  m.def("apply", &apply);
  m.def("apply_strided", &apply_strided);
  m.def("reduce", &reduce);
}
