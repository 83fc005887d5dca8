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

  at::Tensor slot(Slot which) { return scratch.get(which, end - begin); }
  // The present chunk's entries of a [M] tensor.
  at::Tensor part(const at::Tensor& per_row) const {
    return per_row.defined() ? per_row.narrow(0, begin, end - begin) : per_row;
  }
  // Fills the teacher's side of `logs`; its head product is made once a chunk.
  void use_teacher(const LazyLogits& teacher, double temperature, LogProbabilities& logs) {
    at::Tensor& made = teacher_z[&teacher];
    if (!made.defined()) made = teachers.at(&teacher).chunk(begin, end);
    logs.log_p = slot(Slot::kTeacher);
    log_softmax_at(temperature, made, logs.log_p, slot(Slot::kRatio));
    logs.excluded.reset();
    find_excluded(logs);
  }

  LogitRows rows;
  std::map<const LazyLogits*, LogitRows> teachers;
  int64_t chunk_rows;
  ChunkScratch scratch;
  std::optional<LogitGradient> gradient;
  int64_t begin = 0;  // the present chunk
  int64_t end = 0;
  at::Tensor z;  // its logits, [C, V]
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
  for (; pass.begin < pass.rows.count(); pass.begin = pass.end) {
    pass.end = std::min(pass.begin + pass.chunk_rows, pass.rows.count());
    run_chunk(pass);
  }
  for (Member& member : members_) {
    if (member.counted.defined()) member.values.masked_fill_(member.counted.logical_not(), 0);
    member.sum = at::sum(member.values * member.weight, at::kDouble);
  }
}

void TermGroup::run_chunk(Pass& pass) {
  pass.z = pass.rows.chunk(pass.begin, pass.end);
  pass.teacher_z.clear();
  at::Tensor total;
  for (size_t first = 0; first < members_.size();) {
    size_t last = first;
    const double temperature = members_[first].term->temperature;
    while (last < members_.size() && members_[last].term->temperature == temperature) ++last;
    const at::Tensor dz = run_temperature(pass, first, last);
    if (pass.gradient && total.defined()) {
      total.add_(dz);
    } else if (pass.gradient && last < members_.size()) {
      total = pass.slot(Slot::kTotal).copy_(dz);
    } else {
      total = dz;
    }
    first = last;
  }
  if (pass.gradient) pass.gradient->add(pass.begin, pass.end, total, pass.z);
}

at::Tensor TermGroup::run_temperature(Pass& pass, size_t first, size_t last) {
  const double temperature = members_[first].term->temperature;
  LogProbabilities logs;
  logs.log_q = pass.slot(Slot::kStudent);
  log_softmax_at(temperature, pass.z, logs.log_q, pass.slot(Slot::kRatio));
  const at::Tensor upstream = pass.gradient ? pass.slot(Slot::kUpstream) : at::Tensor();
  const LazyLogits* present = nullptr;
  for (size_t k = first; k < last; ++k) {
    const Member& member = members_[k];
    if (member.teacher != nullptr && member.teacher != present) {
      present = member.teacher;
      pass.use_teacher(*present, temperature, logs);
    }
    const at::Tensor coefficient = pass.gradient ? pass.part(member.coefficient) : at::Tensor();
    const at::Tensor value = add_divergence(*member.term, logs, pass.part(member.labels),
                                            coefficient, upstream, k > first, pass.scratch);
    pass.part(member.values).copy_(value);
  }
  if (!pass.gradient) return {};
  at::Tensor dz = pass.slot(Slot::kRatio);
  at::_log_softmax_backward_data_out(dz, upstream, logs.log_q, 1, logs.log_q.scalar_type());
  return dz;
}

at::Tensor TermGroup::per_token(const Member& member) const {
  return counted_.restore(member.values, student_->rows());
}

}  // namespace kd
