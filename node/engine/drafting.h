// A notice as it is put into the outbox: its exact draft, its padded text, its N, after everything
// that can be asked of it before it is signed. What an application publishes and what the node
// states by itself are made alike. Protocol chapters 2, 5 and 7.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "chancery/v1/local.pb.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/exchange/directory.h"
#include "core/exchange/draft_form.h"
#include "node/store/node_store.h"

namespace chancery::node {

struct Drafting {
  const std::string& member;
  const Hash& genesis;
  const exchange::Directory& directory;  // Founded.
  const std::function<std::string(std::size_t)>& random;
  std::uint64_t now_ms = 0;
};

// `request` and `application` of the result are the caller's to set. What is wrong with the request
// comes back as the error that names it.
[[nodiscard]] Result<OutboxDraft> draft_notice(const v1::PublishRequest& request,
                                               const Drafting& drafting);

// The same, for one request after the other. An application's mostly say the same but for notice id
// and text: what was found of the last one under this directory need not be found again.
class Drafter {
 public:
  // `request_bytes` are the request's.
  [[nodiscard]] Result<OutboxDraft> draft(const v1::PublishRequest& request,
                                          std::string_view request_bytes, const Drafting& drafting);

 private:
  std::string said_;  // By the last, beside these two; empty where there was none.
  Hash directory_{};
  exchange::DraftForm form_;
};

}  // namespace chancery::node
