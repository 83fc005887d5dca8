#include "kd/value.h"

#include <cmath>

#include "kd/error.h"
#include "sdk/src/number_text.h"
#include "sdk/src/utf8.h"

namespace kd {
namespace {

constexpr size_t kPreviewBytes = 40;
constexpr size_t kPreviewItems = 4;

[[noreturn]] void expected(std::string_view what, const Value& actual) {
  throw Error(ErrorCode::kUsage, cat("expected ", what, ", got ", actual.preview()));
}

// Whether the double is an integer of 64 bits, exactly.
bool is_whole(double v) {
  constexpr double kLimit = 9223372036854775808.0;  // 2^63
  return v >= -kLimit && v < kLimit && std::trunc(v) == v;
}

std::string quoted(const std::string& text) {
  if (text.size() <= kPreviewBytes) return cat("'", text, "'");
  size_t end = 0;
  while (end < kPreviewBytes) {
    const size_t length = detail::utf8_sequence(text, end);
    end += length == 0 ? 1 : length;
  }
  return cat("'", text.substr(0, end), "…'");
}

std::string preview_list(const Value::List& list) {
  std::vector<std::string> words;
  for (const auto& item : list) {
    if (words.size() == kPreviewItems) {
      words.emplace_back("…");
      break;
    }
    const bool nested = (item.is_list() && !item.as_list().empty()) || item.is_map();
    words.push_back(nested ? "{…}" : item.preview());
  }
  return cat("{", join(words), "}");
}

}  // namespace

Object::~Object() = default;

bool Value::as_bool() const {
  if (const auto* v = std::get_if<bool>(&data_)) return *v;
  expected("a boolean", *this);
}

int64_t Value::as_integer() const {
  if (const auto* v = std::get_if<int64_t>(&data_)) return *v;
  const auto* v = std::get_if<double>(&data_);
  if (v && is_whole(*v)) return static_cast<int64_t>(*v);
  expected("an integer", *this);
}

double Value::as_number() const {
  if (const auto* v = std::get_if<double>(&data_)) return *v;
  if (const auto* v = std::get_if<int64_t>(&data_)) return static_cast<double>(*v);
  expected("a number", *this);
}

const std::string& Value::as_string() const {
  if (const auto* v = std::get_if<std::string>(&data_)) return *v;
  expected("a string", *this);
}

// A recipe's {} is both the empty list and the empty table, so each reads as the other.
const Value::List& Value::as_list() const {
  static const List empty;
  if (const auto* v = std::get_if<List>(&data_)) return *v;
  const auto* map = std::get_if<Map>(&data_);
  if (map && map->empty()) return empty;
  expected("a list", *this);
}

const Value::Map& Value::as_map() const {
  static const Map empty;
  if (const auto* v = std::get_if<Map>(&data_)) return *v;
  const auto* list = std::get_if<List>(&data_);
  if (list && list->empty()) return empty;
  expected("a table", *this);
}

const ObjectPtr& Value::as_object() const {
  const auto* v = std::get_if<ObjectPtr>(&data_);
  if (v && *v) return *v;
  expected("an object", *this);
}

const Value* Value::find(std::string_view key) const {
  const auto* map = std::get_if<Map>(&data_);
  if (!map) return nullptr;
  const auto it = map->find(key);
  return it == map->end() ? nullptr : &it->second;
}

std::string Value::type_name() const {
  if (const auto* object = std::get_if<ObjectPtr>(&data_)) {
    return *object ? (*object)->type_name() : "nil";
  }
  static constexpr const char* kNames[] = {"nil",    "boolean", "integer", "number",
                                           "string", "list",    "table"};
  return kNames[data_.index()];
}

std::string Value::preview() const {
  if (const auto* v = std::get_if<bool>(&data_)) return *v ? "true" : "false";
  if (const auto* v = std::get_if<int64_t>(&data_)) return std::to_string(*v);
  if (const auto* v = std::get_if<double>(&data_)) return detail::shortest(*v);
  if (const auto* v = std::get_if<std::string>(&data_)) return quoted(*v);
  if (const auto* v = std::get_if<List>(&data_)) return preview_list(*v);
  if (const auto* v = std::get_if<Map>(&data_)) return v->empty() ? "{}" : "{…}";
  if (is_nil()) return "nil";
  return cat("a ", type_name());
}

}  // namespace kd
