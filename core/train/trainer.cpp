#include "core/train/trainer.h"

#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/report/progress.h"
#include "kd/error.h"
#include "kd/log.h"

namespace kd::core {
namespace {

OrderOptions order_options(const TrainParams& params) {
  OrderOptions options;
  options.batch_size = params.batch;
  options.shuffle = params.shuffle;
  options.length_window = params.length_window;
  return options;
}

Error unreached() {
  return Error(ErrorCode::kUsage, "no term of the objective reaches a parameter of the student",
               "at least one of its wants must be the student's");
}

std::vector<Want> all_wants(const std::vector<WeightedObjective>& objectives) {
  std::set<std::string> texts;
  for (const WeightedObjective& part : objectives) {
    for (const std::string& want : part.objective->wants()) texts.insert(want);
  }
  std::vector<Want> wants;
  for (const std::string& text : texts) wants.push_back(Want::parse(text));
  return wants;
}

}  // namespace

Trainer::Trainer(TrainSetup setup, StageContext& context)
    : setup_(std::move(setup)),
      context_(context),
      order_(context.run_seed(), cat(context.name(), "#", setup_.params.seed),
             setup_.data.lengths(), order_options(setup_.params)),
      terms_(loss_terms(setup_.objectives)),
      wants_(all_wants(setup_.objectives)),
      parameters_(setup_.roles.at("student").model->parameters()) {
  const TrainParams& params = setup_.params;
  total_steps_ = params.steps > 0 ? params.steps : params.epochs * order_.steps_per_epoch();
  for (NamedTensor& p : parameters_) p.tensor.set_requires_grad(p.trainable);
  params.optimizer->attach(parameters_);
}

TrainSummary Trainer::run() {
  Progress progress(context_.name(), total_steps_, "tokens");
  TrainSummary summary;
  for (int64_t step = 0; step < total_steps_; ++step) {
    const std::vector<Piece> batch = pieces(order_.batch(step));
    for (const Piece& piece : batch) summary.tokens += piece.tokens;
    const StepMetrics metrics = accumulate(batch, step);
    if (step == 0) check_gradients_exist();
    const double norm = clip(step);
    const double scale = setup_.params.schedule.at(step, total_steps_);
    setup_.params.optimizer->step(scale);
    clear_gradients();
    const bool last = step + 1 == total_steps_;
    const bool log_now = last || step % setup_.params.log_every == 0;
    if (log_now || progress.due()) {
      const double loss = metrics.loss();
      if (step == 0) summary.first_loss = loss;
      summary.last_loss = loss;
      progress.update(step + 1, static_cast<double>(summary.tokens), metrics.shown());
      if (log_now) log_step(step, metrics, norm, scale, summary.tokens);
    }
  }
  summary.steps = total_steps_;
  summary.seconds = progress.seconds();
  const double rate = static_cast<double>(summary.tokens) / std::max(summary.seconds, 1e-9);
  progress.finish(cat(summary.steps, " updates, loss ", summary.first_loss, " -> ",
                      summary.last_loss, ", ", format_count(rate), " tokens/s"));
  return summary;
}

std::vector<Trainer::Piece> Trainer::pieces(const std::vector<int64_t>& rows) const {
  const int64_t size =
      setup_.params.micro_batch > 0 ? setup_.params.micro_batch : static_cast<int64_t>(rows.size());
  std::vector<Piece> out;
  for (size_t begin = 0; begin < rows.size(); begin += static_cast<size_t>(size)) {
    const size_t count = std::min(rows.size() - begin, static_cast<size_t>(size));
    const std::span<const int64_t> part(rows.data() + begin, count);
    Piece piece{collate(setup_.data, part), 0};
    for (const int64_t row : part) {
      const auto index = static_cast<size_t>(row);
      piece.tokens += static_cast<int64_t>(setup_.data.rows[index].ids.size());
      if (setup_.data.kind == RowKind::kPair) {
        piece.tokens += static_cast<int64_t>(setup_.data.rejected[index].ids.size());
      }
    }
    out.push_back(std::move(piece));
  }
  return out;
}

StepMetrics Trainer::accumulate(const std::vector<Piece>& pieces, int64_t step) {
  std::vector<double> denominators(terms_.size(), 0.0);
  for (const Piece& piece : pieces) {
    const std::vector<double> counts = count_terms(setup_.objectives, piece.columns);
    for (size_t k = 0; k < counts.size(); ++k) denominators[k] += counts[k];
  }
  std::vector<double> coefficients;
  for (const LossTerm& term : terms_) {
    coefficients.push_back(setup_.objectives[term.objective].coefficient.at(step, total_steps_));
  }
  StepMetrics metrics(terms_, std::move(coefficients), denominators);
  for (size_t i = 0; i < pieces.size(); ++i) {
    const RoleOutputs outputs = run_roles(setup_.roles, wants_, pieces[i].columns, true);
    const StreamKey key{context_.run_seed(), context_.name(), "objective",
                        static_cast<uint64_t>(step), static_cast<uint64_t>(i)};
    const LossInput input{pieces[i].columns, outputs.logits,   outputs.tensors, step,
                          total_steps_,      RandomStream(key)};
    const LossResult result = evaluate_objectives(setup_.objectives, input, denominators);
    if (!result.loss.requires_grad()) throw unreached();
    result.loss.backward();
    metrics.add(result);
  }
  return metrics;
}

void Trainer::check_gradients_exist() const {
  for (const NamedTensor& p : parameters_) {
    if (p.tensor.grad().defined()) return;
  }
  throw unreached();
}

double Trainer::clip(int64_t step) {
  std::vector<at::Tensor> norms;
  for (const NamedTensor& p : parameters_) {
    if (p.tensor.grad().defined()) norms.push_back(at::linalg_vector_norm(p.tensor.grad()));
  }
  const double norm = at::linalg_vector_norm(at::stack(norms)).item<double>();
  if (!std::isfinite(norm)) {
    throw Error(
        ErrorCode::kNonFinite, cat("the gradient's norm is ", norm, "; nothing was updated"),
        "lower the learning rate, or look for rows with extreme values", cat("step ", step));
  }
  const double limit = setup_.params.clip_norm;
  if (limit > 0 && norm > limit) {
    for (const NamedTensor& p : parameters_) {
      if (p.tensor.grad().defined()) p.tensor.grad().mul_(limit / norm);
    }
  }
  return norm;
}

// Undefined rather than zero: the next backward then stores instead of adding.
void Trainer::clear_gradients() {
  for (NamedTensor& p : parameters_) p.tensor.mutable_grad() = at::Tensor();
}

void Trainer::log_step(int64_t step, const StepMetrics& metrics, double norm, double scale,
                       int64_t tokens) {
  Value::Map row{{"step", step + 1},
                 {"loss", metrics.loss()},
                 {"grad_norm", norm},
                 {"lr", setup_.params.optimizer->learning_rate() * scale},
                 {"tokens", tokens}};
  for (const auto& [name, value] : metrics.values()) row[name] = value;
  context_.emit_metric(std::move(row));
}

}  // namespace kd::core
