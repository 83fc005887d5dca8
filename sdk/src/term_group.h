// The terms that share one student want: one head product a chunk, one gradient.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <vector>

#include "kd/token_terms.h"
#include "sdk/src/counted_rows.h"
#include "sdk/src/logit_rows.h"

namespace kd {

class TermGroup {
 public:
  struct Member {
    const TokenTerm* term = nullptr;
    size_t index = 0;  // in the caller's list
    double factor = 0;
    const LazyLogits* teacher = nullptr;
    at::Tensor labels;       // [M] of the rows that are evaluated, within [0, V)
    at::Tensor weight;       // [M] mask · weight · temperature^power
    at::Tensor coefficient;  // [M] weight · factor / temperature: scales dD/du to d loss / dz
    at::Tensor counted;      // [M] bool, undefined when every row counts
    at::Tensor values;       // [M] D_n, 0 where not counted
    at::Tensor sum;          // fp64 scalar
  };

  explicit TermGroup(const LazyLogits& student) : student_(&student) {}

  // Checks shapes; what is passed must outlive the group.
  void add(const TokenTerm& term, size_t index, double factor, const LazyLogits* teacher);

  // Fills values and sums of the members; gradients go to `store` unless it is null.
  void evaluate(const TokenTermsOptions& options, GradientStore* store);

  const std::vector<Member>& members() const { return members_; }
  at::Tensor per_token(const Member& member) const;  // [N]

 private:
  struct Pass;  // what one evaluation keeps from chunk to chunk

  void prepare(Member& member, const LogitRows& rows) const;
  void run_chunk(Pass& pass);
  // Members [first, last) have one temperature. Returns d loss / d logits, in scratch.
  at::Tensor run_temperature(Pass& pass, size_t first, size_t last);

  const LazyLogits* student_;
  std::vector<Member> members_;  // by temperature, then teacher, once evaluation starts
  CountedRows counted_;          // by some member
};

}  // namespace kd
