#include "sdk/src/term_group.h"

#include <ATen/ScalarOps.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/_log_softmax.h>
#include <ATen/ops/_log_softmax_backward_data.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/sum.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>

#include "kd/error.h"
#include "kd/tensors.h"
#include "sdk/src/chunk_scratch.h"
#include "sdk/src/compute_type.h"
#include "sdk/src/divergence.h"

namespace kd {
namespace {

[[noreturn]] void fail(const TokenTerm& term, const std::string& message, std::string hint = {}) {
  throw Error(ErrorCode::kPlugin, cat("term '", term.name, "': ", message), std::move(hint));
}

void check_rows(const TokenTerm& term, const LazyLogits& student, const LazyLogits* teacher) {
  if (teacher == nullptr) return;
  if (teacher->vocabulary() != student.vocabulary()) {
    fail(term,
         cat("unequal vocabularies: ", term.student, " has ", student.vocabulary(), ", ",
             term.teacher, " has ", teacher->vocabulary()),
         "both models need the same tokenizer and output size");
  }
  if (teacher->rows() != student.rows()) {
    fail(term, cat("unequal rows: ", term.student, " has ", student.rows(), ", ", term.teacher,
                   " has ", teacher->rows()));
  }
}

// [N] from [B, T], [B, 1] or [N].
at::Tensor flat_weight(const TokenTerm& term, int64_t rows) {
  at::Tensor weight = term.weight.detach();
  const bool expands = term.labels.defined() && weight.dim() == term.labels.dim() &&
                       weight.size(0) == term.labels.size(0) && weight.size(-1) == 1;
  if (expands) weight = weight.expand(term.labels.sizes());
  if (weight.numel() != rows || !weight.is_floating_point()) {
    fail(term, cat("weight: expected floating [B, T] or [B, 1] for ", rows, " rows, got ",
                   describe_tensor(term.weight)));
  }
  return weight.flatten();
}

void log_softmax_at(double temperature, const at::Tensor& z, at::Tensor out, at::Tensor work) {
  if (temperature == 1.0) {
    at::_log_softmax_out(out, z, 1, false);
    return;
  }
  at::mul_out(work, z, at::native::wrapped_scalar_tensor(1.0 / temperature));
  at::_log_softmax_out(out, work, 1, false);
}

}  // namespace

struct TermGroup::Pass {
  Pass(const LazyLogits& student, const CountedRows& counted, const TokenTermsOptions& options)
      : rows(student, counted, compute_type(student)),
        chunk_rows(options.rows_per_chunk > 0 ? options.rows_per_chunk : rows.rows_per_chunk()),
        scratch(chunk_rows, rows.vocabulary(),
                at::TensorOptions(rows.device()).dtype(rows.type())) {}

  LogitRows rows;
  std::map<const LazyLogits*, LogitRows> teachers;
  int64_t chunk_rows;
  ChunkScratch scratch;
  std::optional<LogitGradient> gradient;
  at::Tensor z;  // of the present chunk, [C, V]
  std::map<const LazyLogits*, at::Tensor> teacher_z;
};

void TermGroup::add(const TokenTerm& term, size_t index, double factor, const LazyLogits* teacher) {
  check_rows(term, *student_, teacher);
  if (term.labels.defined()) check_labels(term.labels, *student_, cat("term '", term.name, "'"));
  Member member;
  member.term = &term;
  member.index = index;
  member.factor = factor;
  member.teacher = teacher;
  members_.push_back(std::move(member));
}

void TermGroup::prepare(Member& member, const LogitRows& rows) const {
  const TokenTerm& term = *member.term;
  const at::Device device = rows.device();
  const double scale = std::pow(term.temperature, term.temperature_power);
  const auto options = at::TensorOptions(device).dtype(rows.type());
  member.weight =
      term.weight.defined()
          ? counted_.select(flat_weight(term, student_->rows())).to(device, rows.type()) * scale
          : at::full({rows.count()}, scale, options);
  if (term.labels.defined()) {
    member.labels = counted_.select(term.labels.flatten());
    at::Tensor counted = member.labels.ne(kIgnoreLabel);
    if (!counted.is_cpu() || !counted.all().item<bool>()) {
      member.counted = counted.to(device);
      member.labels = member.labels.clamp_min(0);
      member.weight = member.weight.masked_fill(member.counted.logical_not(), 0);
    }
    member.labels = member.labels.to(device);
  }
  member.coefficient = member.weight * (member.factor / term.temperature);
  member.values = at::empty({rows.count()}, options);
}

void TermGroup::evaluate(const TokenTermsOptions& options, GradientStore* store) {
  std::stable_sort(members_.begin(), members_.end(), [](const Member& a, const Member& b) {
    return std::tie(a.term->temperature, a.term->teacher) <
           std::tie(b.term->temperature, b.term->teacher);
  });
  std::vector<at::Tensor> labels;
  for (const Member& member : members_) labels.push_back(member.term->labels);
  counted_ = count_rows(labels);
  Pass pass(*student_, counted_, options);
  for (Member& member : members_) {
    prepare(member, pass.rows);
    if (member.teacher == nullptr) continue;
    pass.teachers.try_emplace(member.teacher, *member.teacher, counted_, pass.rows.type());
  }
  if (store != nullptr && student_->requires_grad()) {
    pass.gradient.emplace(*student_, pass.rows, *store);
  }
  for (int64_t begin = 0; begin < pass.rows.count(); begin += pass.chunk_rows) {
    run_chunk(pass, begin, std::min(begin + pass.chunk_rows, pass.rows.count()));
  }
  for (Member& member : members_) {
    if (member.counted.defined()) member.values.masked_fill_(member.counted.logical_not(), 0);
    member.sum = at::sum(member.values * member.weight, at::kDouble);
  }
}

void TermGroup::run_chunk(Pass& pass, int64_t begin, int64_t end) {
  pass.z = pass.rows.chunk(begin, end);
  pass.teacher_z.clear();
  at::Tensor total;
  for (size_t first = 0; first < members_.size();) {
    size_t last = first;
    const double temperature = members_[first].term->temperature;
    while (last < members_.size() && members_[last].term->temperature == temperature) ++last;
    const at::Tensor dz = run_temperature(pass, first, last, begin, end);
    if (pass.gradient && total.defined()) {
      total.add_(dz);
    } else if (pass.gradient && last < members_.size()) {
      total = pass.scratch.get(Slot::kTotal, end - begin).copy_(dz);
    } else {
      total = dz;
    }
    first = last;
  }
  if (pass.gradient) pass.gradient->add(begin, end, total, pass.z);
}

at::Tensor TermGroup::run_temperature(Pass& pass, size_t first, size_t last, int64_t begin,
                                      int64_t end) {
  const int64_t rows = end - begin;
  const double temperature = members_[first].term->temperature;
  const at::Tensor work = pass.scratch.get(Slot::kRatio, rows);
  LogProbabilities logs;
  logs.log_q = pass.scratch.get(Slot::kStudent, rows);
  log_softmax_at(temperature, pass.z, logs.log_q, work);
  at::Tensor upstream;
  if (pass.gradient) upstream = pass.scratch.get(Slot::kUpstream, rows);
  const LazyLogits* present = nullptr;
  for (size_t k = first; k < last; ++k) {
    Member& member = members_[k];
    if (member.teacher != nullptr && member.teacher != present) {
      present = member.teacher;
      at::Tensor& z = pass.teacher_z[present];
      if (!z.defined()) z = pass.teachers.at(present).chunk(begin, end);
      logs.log_p = pass.scratch.get(Slot::kTeacher, rows);
      log_softmax_at(temperature, z, logs.log_p, work);
      logs.excluded.reset();
      find_excluded(logs);
    }
    const auto part = [&](const at::Tensor& t) {
      return t.defined() ? t.narrow(0, begin, rows) : t;
    };
    const at::Tensor coefficient = pass.gradient ? part(member.coefficient) : at::Tensor();
    part(member.values)
        .copy_(add_divergence(*member.term, logs, part(member.labels), coefficient, upstream,
                              k > first, pass.scratch));
  }
  if (!pass.gradient) return {};
  at::Tensor dz = work;
  at::_log_softmax_backward_data_out(dz, upstream, logs.log_q, 1, logs.log_q.scalar_type());
  return dz;
}

at::Tensor TermGroup::per_token(const Member& member) const {
  return counted_.restore(member.values, student_->rows());
}

}  // namespace kd
