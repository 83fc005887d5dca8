#include "kd/json.h"

#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "kd/error.h"
#include "sdk/src/number_text.h"
#include "sdk/src/utf8.h"

namespace kd {
namespace {

constexpr size_t kMaxDepth = 64;

// Walks the text and keeps the place that the parser has reached, for messages about what the
// parser itself accepts.
class TrackedText {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  TrackedText(const char* at, const char** reached) : at_(at), reached_(reached) {}
  reference operator*() const { return *at_; }
  TrackedText& operator++() {
    *reached_ = ++at_;
    return *this;
  }
  TrackedText operator++(int) {
    TrackedText before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const TrackedText& a, const TrackedText& b) { return a.at_ == b.at_; }
  friend bool operator!=(const TrackedText& a, const TrackedText& b) { return a.at_ != b.at_; }

 private:
  const char* at_;
  const char** reached_;
};

[[noreturn]] void fail(size_t offset, std::string_view problem) {
  throw Error(ErrorCode::kData, cat("invalid JSON at byte ", offset, ": ", problem));
}

// The cause in the parser's message: "[json.exception.…] parse error at line 1, column 7: <cause>".
std::string cause(const std::string& message) {
  const auto column = message.find(", column ");
  const std::string_view mark = column == std::string::npos ? "] " : ": ";
  const auto at = message.find(mark, column == std::string::npos ? 0 : column);
  return at == std::string::npos ? message : message.substr(at + mark.size());
}

// Builds a Value without recursion: the containers that are open lie on a stack.
class Builder {
  using Container = std::variant<Value::Map, Value::List>;

 public:
  Builder(const char* begin, const char** reached) : begin_(begin), reached_(reached) {}

  Value take() { return std::move(root_); }

  bool null() { return put(Value()); }
  bool boolean(bool v) { return put(Value(v)); }
  bool number_integer(int64_t v) { return put(Value(v)); }
  bool number_unsigned(uint64_t v) {
    if (v > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) too_large();
    return put(Value(static_cast<int64_t>(v)));
  }
  bool number_float(double v, const std::string& text) {
    if (text.find_first_of(".eE") == std::string::npos) too_large();
    return put(Value(v));
  }
  bool string(std::string& text) { return put(Value(std::move(text))); }
  bool binary(std::vector<uint8_t>&) { return false; }  // not in JSON text

  bool start_object(size_t) { return open(Value::Map()); }
  bool end_object() { return close(); }
  bool start_array(size_t) { return open(Value::List()); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    auto& map = std::get<Value::Map>(open_.back());
    if (map.count(name)) fail(offset(), cat("duplicate key ", Value(name).preview()));
    keys_.back() = std::move(name);
    return true;
  }

  [[noreturn]] bool parse_error(size_t position, const std::string&,
                                const nlohmann::json::exception& error) {
    fail(position == 0 ? 0 : position - 1, cause(error.what()));
  }

 private:
  // Of the byte that was read last.
  size_t offset() const { return static_cast<size_t>(*reached_ - begin_) - 1; }
  [[noreturn]] void too_large() const { fail(offset(), "integer does not fit in 64 bits"); }

  bool open(Container container) {
    if (open_.size() == kMaxDepth) fail(offset(), cat("nested deeper than ", kMaxDepth));
    open_.push_back(std::move(container));
    keys_.emplace_back();
    return true;
  }

  bool close() {
    Value done =
        std::visit([](auto& container) { return Value(std::move(container)); }, open_.back());
    open_.pop_back();
    keys_.pop_back();
    return put(std::move(done));
  }

  bool put(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (auto* map = std::get_if<Value::Map>(&open_.back())) {
      map->emplace(std::move(keys_.back()), std::move(value));
    } else {
      std::get<Value::List>(open_.back()).push_back(std::move(value));
    }
    return true;
  }

  const char* begin_;
  const char** reached_;
  Value root_;
  std::vector<Container> open_;
  std::vector<std::string> keys_;
};

class Writer {
 public:
  explicit Writer(int indent) : indent_(indent) {}

  std::string take() { return std::move(out_); }

  void write(const Value& value, int depth) {
    if (value.is_nil()) {
      out_ += "null";
    } else if (value.is_bool()) {
      out_ += value.as_bool() ? "true" : "false";
    } else if (value.is_integer()) {
      out_ += std::to_string(value.as_integer());
    } else if (value.is_number()) {
      const double number = value.as_number();
      out_ += std::isfinite(number) ? detail::shortest_fraction(number) : "null";
    } else if (value.is_string()) {
      write_string(value.as_string());
    } else if (value.is_list()) {
      write_list(value.as_list(), depth);
    } else if (value.is_map()) {
      write_map(value.as_map(), depth);
    } else {
      throw Error(ErrorCode::kData, cat("a ", value.type_name(), " cannot be written as JSON"));
    }
  }

 private:
  void write_list(const Value::List& list, int depth) {
    out_ += '[';
    for (size_t i = 0; i < list.size(); ++i) {
      if (i > 0) out_ += ',';
      new_line(depth + 1);
      write(list[i], depth + 1);
    }
    if (!list.empty()) new_line(depth);
    out_ += ']';
  }

  void write_map(const Value::Map& map, int depth) {
    out_ += '{';
    bool first = true;
    for (const auto& [key, value] : map) {
      if (!std::exchange(first, false)) out_ += ',';
      new_line(depth + 1);
      write_string(key);
      out_ += indent_ < 0 ? ":" : ": ";
      write(value, depth + 1);
    }
    if (!map.empty()) new_line(depth);
    out_ += '}';
  }

  void write_string(const std::string& text) {
    const size_t invalid = detail::first_invalid_utf8(text);
    if (invalid != std::string::npos) {
      throw Error(ErrorCode::kData, cat("text for JSON is not UTF-8 at byte ", invalid, ": ",
                                        "it begins ", Value(text.substr(0, invalid)).preview()));
    }
    out_ += '"';
    for (const char c : text) write_char(c);
    out_ += '"';
  }

  void write_char(char c) {
    static constexpr std::string_view kSpecial = "\"\\\b\f\n\r\t";
    static constexpr std::string_view kLetters = "\"\\bfnrt";
    const auto special = kSpecial.find(c);
    if (special != std::string_view::npos) {
      out_ += '\\';
      out_ += kLetters[special];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      static constexpr char kHex[] = "0123456789abcdef";
      out_ += "\\u00";
      out_ += kHex[c >> 4];
      out_ += kHex[c & 15];
    } else {
      out_ += c;
    }
  }

  void new_line(int depth) {
    if (indent_ < 0) return;
    out_ += '\n';
    out_.append(static_cast<size_t>(indent_ * depth), ' ');
  }

  int indent_;
  std::string out_;
};

}  // namespace

Value parse_json(std::string_view text) {
  // The parser would take a NUL byte for the end of the text and not look behind it.
  const size_t nul = text.find('\0');
  if (nul != std::string_view::npos) fail(nul, "a NUL byte");
  const char* reached = text.data();
  Builder builder(text.data(), &reached);
  const TrackedText first(text.data(), &reached);
  const TrackedText last(text.data() + text.size(), &reached);
  nlohmann::json::sax_parse(first, last, &builder);
  return builder.take();
}

std::string to_json(const Value& value, int indent) {
  Writer writer(indent);
  writer.write(value, 0);
  return writer.take();
}

}  // namespace kd
