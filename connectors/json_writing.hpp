// Appends any Record value as JSON; the mapping is stated in json_format.hpp.
#pragma once

#include <cmath>
#include <utility>

#include <weir/connectors/format.hpp>
#include <weir/connectors/json_document.hpp>

namespace weir::detail {

template <class Number>
void append_json_number(std::string& out, Number number) {
  if constexpr (std::is_floating_point_v<Number>) {
    if (!std::isfinite(number)) {
      out += "null";
      return;
    }
    if (number == 0 && std::signbit(number)) {
      out += "-0.0";  // without a fraction it would be read as the integer 0
      return;
    }
  }
  append_number(out, number);
}

/// Writes what `write` appends per element between brackets, separated by commas.
template <class Range, class Write>
void append_json_sequence(std::string& out, std::string_view brackets, const Range& range,
                          Write write) {
  out += brackets.front();
  bool first = true;
  for (const auto& element : range) {
    if (!std::exchange(first, false)) out += ',';
    write(element);
  }
  out += brackets.back();
}

template <Record T>
void append_json(std::string& out, const T& value, TimeStyle times) {
  if constexpr (NamedRecord<T>) {
    out += '{';
    bool first = true;
    for_each_field<T>([&]<class F>(const F& field) {
      out += std::exchange(first, false) ? "\"" : ",\"";
      out += field.name;
      out += "\":";
      append_json<typename F::type>(out, value.*field.member, times);
    });
    out += '}';
  } else if constexpr (std::is_same_v<T, std::string>) {
    append_json_text(out, value);
  } else if constexpr (std::is_same_v<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::is_same_v<T, EventTime>) {
    const bool quoted = times == TimeStyle::Iso;
    if (quoted) out += '"';
    append_time(out, value, times);
    if (quoted) out += '"';
  } else if constexpr (std::is_same_v<T, Duration>) {
    append_number(out, value.count());
  } else if constexpr (IsOptional<T>::value) {
    if (value)
      append_json<typename T::value_type>(out, *value, times);
    else
      out += "null";
  } else if constexpr (IsVector<T>::value) {
    append_json_sequence(out, "[]", value, [&](const typename T::value_type& item) {
      append_json(out, item, times);
    });
  } else if constexpr (IsMap<T>::value) {
    constexpr bool is_object = std::is_same_v<typename T::key_type, std::string>;
    append_json_sequence(out, is_object ? "{}" : "[]", value, [&](const auto& entry) {
      if constexpr (!is_object) out += '[';
      append_json(out, entry.first, times);
      out += is_object ? ':' : ',';
      append_json(out, entry.second, times);
      if constexpr (!is_object) out += ']';
    });
  } else if constexpr (IsTuple<T>::value) {
    out += '[';
    bool first = true;
    std::apply(
        [&]<class... Part>(const Part&... part) {
          ((out += std::exchange(first, false) ? "" : ",", append_json<Part>(out, part, times)),
           ...);
        },
        value);
    out += ']';
  } else {
    append_json_number(out, static_cast<TextNumber<T>>(value));
  }
}

}  // namespace weir::detail
