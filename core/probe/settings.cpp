#include "core/probe/settings.h"

#include "kd/error.h"
#include "kd/json.h"

namespace kd::core {
namespace {

Value parse_setting_value(const std::string& text) {
  try {
    return parse_json(text);
  } catch (const Error&) {
    return Value(text);  // no JSON: plain text
  }
}

void put(Value::Map& table, std::string_view key, Value value) {
  const size_t dot = key.find('.');
  if (dot == std::string_view::npos) {
    table[std::string(key)] = std::move(value);
    return;
  }
  Value& nested = table[std::string(key.substr(0, dot))];
  Value::Map inner = nested.is_map() ? nested.as_map() : Value::Map{};
  put(inner, key.substr(dot + 1), std::move(value));
  nested = Value(std::move(inner));
}

}  // namespace

Value::Map parse_settings(const std::vector<std::string>& settings) {
  Value::Map table;
  for (const std::string& setting : settings) {
    const size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw Error(ErrorCode::kUsage, cat("--set ", setting, " has no value"),
                  "write --set name=value");
    }
    put(table, std::string_view(setting).substr(0, equals),
        parse_setting_value(setting.substr(equals + 1)));
  }
  return table;
}

}  // namespace kd::core
