#include "kd/safetensors.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <limits>

#include "sdk/tests/expect_error.h"

namespace kd {
namespace {

namespace fs = std::filesystem;
using test::error_of;

class SafetensorsTest : public testing::Test {
 protected:
  SafetensorsTest() {
    folder_ = fs::temp_directory_path() / cat("kd_safetensors_", getpid());
    fs::create_directories(folder_);
  }
  ~SafetensorsTest() override { fs::remove_all(folder_); }

  fs::path path(const std::string& name = "x.safetensors") const { return folder_ / name; }

  fs::path write_raw(const std::string& bytes) const {
    std::ofstream(path(), std::ios::binary) << bytes;
    return path();
  }

  fs::path write_file(const std::string& header, const std::string& data) const {
    return write_raw(with_length(header.size()) + header + data);
  }

  static std::string with_length(uint64_t n) {
    std::string out;
    for (int i = 0; i < 8; ++i) out += static_cast<char>(n >> (8 * i) & 0xFF);
    return out;
  }

  // What reading says about the file, without the file's name and the hint. At most one second.
  static std::string refusal(const fs::path& file) {
    const auto start = std::chrono::steady_clock::now();
    const Error error = error_of([&] { read_safetensors(file); });
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
    EXPECT_EQ(error.code(), ErrorCode::kCheckpoint);
    EXPECT_NE(std::string(error.what()).find(file.string()), std::string::npos);
    const std::string prefix = "not a valid safetensors file: ";
    EXPECT_EQ(error.message().substr(0, prefix.size()), prefix);
    return error.message().substr(prefix.size());
  }

  std::string header_refusal(const std::string& header, size_t data_bytes) const {
    return refusal(write_file(header, std::string(data_bytes, '\0')));
  }

  fs::path folder_;
};

TEST_F(SafetensorsTest, RoundTripsEveryDtype) {
  TensorMap tensors;
  for (auto dtype :
       {at::kByte, at::kChar, at::kShort, at::kInt, at::kLong, at::kHalf, at::kBFloat16, at::kFloat,
        at::kDouble, at::kBool, at::kComplexFloat, at::kFloat8_e4m3fn, at::kFloat8_e5m2,
        at::kFloat8_e4m3fnuz, at::kFloat8_e5m2fnuz, at::kFloat8_e8m0fnu, at::kUInt16, at::kUInt32,
        at::kUInt64}) {
    tensors[c10::toString(dtype)] = at::ones({3}).to(dtype);
  }
  write_safetensors(path(), tensors);
  const auto read = read_safetensors(path()).tensors;
  ASSERT_EQ(read.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    const auto& back = read.at(name);
    ASSERT_EQ(back.scalar_type(), tensor.scalar_type()) << name;
    EXPECT_EQ(std::memcmp(back.const_data_ptr(), tensor.const_data_ptr(), tensor.nbytes()), 0);
  }
}

TEST_F(SafetensorsTest, RoundTripsShapesStridesAndMetadata) {
  const at::Tensor matrix = at::arange(6, at::kFloat).reshape({2, 3});
  const TensorMap tensors{{"a/b \"c\"", matrix.t()},
                          {"empty", at::empty({0, 4})},
                          {"scalar", at::ones({}, at::kDouble)},
                          {"expanded", at::ones({1, 3}).expand({2, 3})},
                          {"leaf", at::ones({2}).set_requires_grad(true)}};
  write_safetensors(path(), tensors, {{"format", "pt"}, {"é", "\n"}});
  const auto file = read_safetensors(path());
  EXPECT_EQ(file.metadata.at("é"), "\n");
  ASSERT_EQ(file.tensors.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    EXPECT_TRUE(file.tensors.at(name).equal(tensor.detach())) << name;
    EXPECT_EQ(file.tensors.at(name).sizes(), tensor.sizes()) << name;
  }
}

TEST_F(SafetensorsTest, NonFiniteValuesAreValues) {
  const double inf = std::numeric_limits<double>::infinity();
  write_safetensors(path(), {{"x", at::ones({2}) * inf}});
  EXPECT_EQ(read_safetensors(path()).tensors.at("x")[0].item<double>(), inf);
}

TEST_F(SafetensorsTest, EqualContentsAreEqualBytes) {
  const TensorMap tensors{{"b", at::ones({3}, at::kByte)}, {"a", at::ones({2})}};
  write_safetensors(path("1"), tensors, {{"k", "v"}});
  write_safetensors(path("2"), tensors, {{"k", "v"}});
  const std::string text = read_text_file(path("1"));
  EXPECT_EQ(text, read_text_file(path("2")));
  EXPECT_EQ(text.substr(8, text.find_last_of('}') - 7),
            R"({"__metadata__":{"k":"v"},"a":{"data_offsets":[0,8],"dtype":"F32","shape":[2]},)"
            R"("b":{"data_offsets":[8,11],"dtype":"U8","shape":[3]}})");
  EXPECT_EQ((text.size() - 11) % 8, 0u);
}

TEST_F(SafetensorsTest, TensorsOutliveTheFileAndNeverWriteToIt) {
  write_safetensors(path(), {{"x", at::ones({2})}});
  const std::string before = read_text_file(path());
  auto tensors = read_safetensors(path()).tensors;
  tensors.at("x").fill_(7);
  EXPECT_EQ(read_text_file(path()), before);
  fs::remove(path());
  EXPECT_EQ(tensors.at("x").sum().item<double>(), 14);
}

TEST_F(SafetensorsTest, UnalignedDataIsRead) {
  const std::string header = R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                             R"("b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})";
  const auto file = read_safetensors(write_file(header, std::string("\1\0\0\x80\x3f", 5)));
  EXPECT_EQ(file.tensors.at("b").item<double>(), 1.0);
  const auto address = reinterpret_cast<uintptr_t>(file.tensors.at("b").const_data_ptr());
  EXPECT_EQ(address % 4, 0u);
}

TEST_F(SafetensorsTest, RefusesBadLengths) {
  EXPECT_EQ(refusal(write_raw("")), "it has 0 bytes, fewer than 8");
  EXPECT_EQ(refusal(write_raw("1234567")), "it has 7 bytes, fewer than 8");
  EXPECT_EQ(refusal(write_file("", "")), "its header does not start with '{'");
  EXPECT_EQ(refusal(write_raw(with_length(7) + "{}")),
            "its header claims 7 bytes and the file has 10");
  for (uint64_t n : {uint64_t{1} << 63, ~uint64_t{0}, uint64_t{100'000'001}}) {
    EXPECT_EQ(refusal(write_raw(with_length(n) + "{}")),
              cat("its header claims ", n, " bytes; at most 100000000 are allowed"));
  }
}

TEST_F(SafetensorsTest, RefusesBadOffsets) {
  const auto two = [](const char* a, const char* b) {
    return cat(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)", a,
               R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)", b, "}}");
  };
  EXPECT_EQ(header_refusal(two("[4,0]", "[4,8]"), 8),
            "the data_offsets of tensor 'a' are reversed");
  EXPECT_EQ(header_refusal(two("[0,4]", "[2,6]"), 8), "tensor 'b' overlaps another");
  EXPECT_EQ(header_refusal(two("[0,4]", "[0,4]"), 4), "tensor 'b' overlaps another");
  EXPECT_EQ(header_refusal(two("[0,4]", "[5,9]"), 9), "there is a hole before tensor 'b'");
  EXPECT_EQ(header_refusal(two("[1,5]", "[5,9]"), 9), "there is a hole before tensor 'a'");
  EXPECT_EQ(header_refusal(two("[0,4]", "[4,8]"), 7),
            "the tensors need 8 bytes and the file has 7");
  EXPECT_EQ(header_refusal(two("[0,4]", "[4,8]"), 9), "1 bytes follow the last tensor");
  EXPECT_EQ(header_refusal(two("[0,4]", "[4,9]"), 9),
            "tensor 'b' needs 4 bytes and its data_offsets span 5");
  EXPECT_EQ(header_refusal(two("[0,4]", "[4]"), 8), "tensor 'b' needs two data_offsets");
  EXPECT_EQ(header_refusal(two("[0,4]", "[4,-8]"), 8),
            "data_offsets of tensor 'b' must be integers of 0 or more, got -8");
  EXPECT_EQ(header_refusal(two("[0,4]", "[4.0,8.0]"), 8),
            "data_offsets of tensor 'b' must be integers of 0 or more, got 4");
  EXPECT_EQ(header_refusal("{}", 3), "3 bytes follow the last tensor");
}

TEST_F(SafetensorsTest, RefusesBadShapes) {
  const auto shaped = [](const std::string& shape) {
    return cat(R"({"a":{"dtype":"F32","shape":)", shape, R"(,"data_offsets":[0,0]}})");
  };
  EXPECT_EQ(header_refusal(shaped("[4294967296,4294967296]"), 0),
            "the shape of tensor 'a' overflows");
  EXPECT_EQ(header_refusal(shaped("[9223372036854775807]"), 0),
            "the shape of tensor 'a' overflows");
  EXPECT_EQ(header_refusal(shaped("[4611686018427387904,4]"), 0),
            "the shape of tensor 'a' overflows");
  EXPECT_EQ(header_refusal(shaped("[-1]"), 0),
            "sizes of tensor 'a' must be integers of 0 or more, got -1");
  EXPECT_EQ(header_refusal(shaped("[2]"), 0),
            "tensor 'a' needs 8 bytes and its data_offsets span 0");
  std::string million = "[1";
  for (int i = 1; i < 1000000; ++i) million += ",1";
  EXPECT_EQ(header_refusal(shaped(million + "]"), 0),
            "tensor 'a' has 1000000 dimensions, more than 64");
}

TEST_F(SafetensorsTest, RefusesBadHeaders) {
  const std::string tensor = R"({"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  EXPECT_EQ(header_refusal("{\"a\":" + tensor + ",\"a\":" + tensor + "}", 1),
            "its header is invalid JSON at byte 55: duplicate key 'a'");
  EXPECT_EQ(header_refusal(R"({"a":{"dtype":"F7","shape":[1],"data_offsets":[0,1]}})", 1),
            "tensor 'a' has the unknown dtype 'F7'");
  EXPECT_EQ(header_refusal(R"({"a":{"shape":[1],"data_offsets":[0,1]}})", 1),
            "tensor 'a' has no 'dtype'");
  EXPECT_EQ(header_refusal(R"({"a":{"dtype":"U8","data_offsets":[0,1]}})", 1),
            "tensor 'a' has no list 'shape'");
  EXPECT_EQ(header_refusal(R"({"a":{"dtype":"U8","shape":[1],"offsets":[0,1]}})", 1),
            "tensor 'a' has the unknown member 'offsets'");
  EXPECT_EQ(header_refusal(R"({"a":3})", 0), "tensor 'a' is no table");
  EXPECT_EQ(header_refusal(R"({"__metadata__":{"a":3}})", 0), "the metadata 'a' is no string");
  EXPECT_EQ(header_refusal(R"({"__metadata__":[]})", 0), "'__metadata__' is no table");
  EXPECT_EQ(header_refusal("\xEF\xBB\xBF{}", 0), "its header does not start with '{'");
  EXPECT_EQ(header_refusal(" {}", 0), "its header does not start with '{'");
  EXPECT_NE(header_refusal("{\"\xff\":1}", 0).find("its header is invalid JSON at byte 2"),
            std::string::npos);
  std::string nested = "{\"a\":";
  nested += std::string(100000, '[') + std::string(100000, ']') + "}";
  EXPECT_EQ(header_refusal(nested, 0),
            "its header is invalid JSON at byte 68: nested deeper than 64");
}

TEST_F(SafetensorsTest, RefusesBoolsThatAreNone) {
  EXPECT_EQ(
      refusal(write_file(R"({"a":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}})", "\1\2")),
      "tensor 'a' has dtype BOOL and values other than 0 and 1");
}

// Every single-byte change of a good file is read as a good file or refused; nothing else happens.
TEST_F(SafetensorsTest, MutantsAreReadOrRefused) {
  write_safetensors(path("good"), {{"a", at::ones({2, 2})}, {"b", at::ones({3}, at::kByte)}});
  const std::string good = read_text_file(path("good"));
  int refused = 0;
  for (size_t at = 0; at < good.size(); ++at) {
    for (const char replacement : {'\0', '0', '9', '"', '{', '\xff'}) {
      std::string bytes = good;
      bytes[at] = replacement;
      try {
        read_safetensors(write_raw(bytes));
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kCheckpoint);
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 300);
  for (size_t length = 0; length < good.size(); ++length) {
    EXPECT_THROW(read_safetensors(write_raw(good.substr(0, length))), Error) << length;
  }
}

TEST_F(SafetensorsTest, RefusesWhatIsNoFile) {
  const Error missing = error_of([&] { read_safetensors(path("none")); });
  EXPECT_EQ(missing.message(),
            cat("cannot read ", path("none").string(), ": No such file or directory"));
  EXPECT_EQ(error_of([&] { read_safetensors(folder_); }).message(),
            cat("cannot read ", folder_.string(), ": it is no regular file"));
  EXPECT_EQ(error_of([&] { read_text_file(folder_); }).message(),
            cat("cannot read ", folder_.string(), ": it is a folder"));
}

TEST_F(SafetensorsTest, RefusesToWriteWhatTheFormatLacks) {
  for (const auto& [name, tensor] : TensorMap{{"x", at::Tensor()},
                                              {"y", at::ones({1}, at::kComplexDouble)},
                                              {"z", at::ones({2}).to_sparse()},
                                              {"__metadata__", at::ones({1})}}) {
    EXPECT_THROW(write_safetensors(path(), {{name, tensor}}), Error) << name;
  }
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(SafetensorsTest, FailedWritesLeaveTheOldFileAndNoRubbish) {
  write_safetensors(path(), {{"x", at::ones({2})}});
  const std::string before = read_text_file(path());
  // A limit on the size of files stands for a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  const rlimit small{4096, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const Error error = error_of([&] { write_safetensors(path(), {{"x", at::ones({100000})}}); });
  setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_EQ(error.code(), ErrorCode::kDisk);
  EXPECT_EQ(error.message(), cat("cannot write ", path().string(), ": File too large"));
  EXPECT_EQ(read_text_file(path()), before);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);
  EXPECT_EQ(error_of([&] { write_file_atomically(folder_ / "no" / "x", "t"); }).code(),
            ErrorCode::kDisk);
}

TEST_F(SafetensorsTest, SmallFilesAreReplacedWhole) {
  write_file_atomically(path(), "one");
  write_file_atomically(path(), std::string("t\0wo", 4));
  EXPECT_EQ(read_text_file(path()), std::string("t\0wo", 4));
  write_file_atomically(path(), "");
  EXPECT_EQ(read_text_file(path()), "");
}

}  // namespace
}  // namespace kd
