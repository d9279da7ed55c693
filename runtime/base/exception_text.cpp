#include <weir/base/exception_text.hpp>

#include <cstdlib>
#include <memory>
#include <typeinfo>

#include <cxxabi.h>

#include <weir/base/result.hpp>

namespace weir {
namespace {

std::string name_of(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  return status == 0 ? name.get() : type.name();
}

}  // namespace

std::string exception_text(const std::exception& exception) {
  const bool own = dynamic_cast<const Failure*>(&exception) != nullptr || dynamic_cast<const Bug*>(&exception) != nullptr;
  return own ? exception.what() : name_of(typeid(exception)) + ": " + exception.what();
}

std::string current_exception_text() {
  try {
    throw;
  } catch (const std::exception& exception) {
    return exception_text(exception);
  } catch (...) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    return type != nullptr ? "an exception of type " + name_of(*type) : "an exception of unknown type";
  }
}

}  // namespace weir
