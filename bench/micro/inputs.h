// What the micro benchmarks share: what they work on, made of fixed seeds, and folders for stores.

#pragma once

#include <benchmark/benchmark.h>
#include <stdlib.h>  // mkdtemp

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "core/exchange/log_follower.h"
#include "core/exchange/seal.h"
#include "core/ledger/leaf.h"
#include "node/core/intake.h"
#include "tests/support/exchange.h"
#include "tests/support/keys.h"
#include "tests/support/log.h"

namespace chancery::micro {

inline constexpr std::size_t kTogether = 256;  // What a node signs together, and a busy hub logs.
inline constexpr std::int64_t kRounds = 20;    // Of a store.
inline constexpr std::size_t kTextBytes = 1024;
inline constexpr std::uint64_t kNowMs = 1'700'000'100'000;
inline const std::vector<std::string> five_members = {"BY", "KG", "KZ", "RU", "TJ"};

inline std::string signing_of(std::string_view member) {
  return test::node_key_name(member, 1, "signing");
}

inline exchange::Opener opener_of(std::string_view member, std::size_t keys_kept = 256) {
  std::vector<crypto::PrivateKey> keys;
  keys.push_back(test::agreement_private(test::node_key_name(member, 1, "sealing")));
  return exchange::Opener(std::move(keys), keys_kept);
}

inline std::string text(std::string_view kind = "threat.alert") {
  return test::TestExchange::text_of(std::string(kTextBytes, 't'), kind);
}

// Sealed notices of AM to five members, signed together.
inline std::vector<std::string> sealed_batch(test::TestExchange& exchange, std::size_t count,
                                             v1::Precedence precedence = v1::PRECEDENCE_ROUTINE,
                                             const std::string& content = text()) {
  std::vector<v1::Draft> drafts;
  drafts.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    drafts.push_back(exchange.draft("AM", five_members));
    drafts.back().set_precedence(precedence);
  }
  return exchange.sign(exchange.seal(std::move(drafts), std::vector<std::string>(count, content),
                                     exchange.directory()),
                       signing_of("AM"));
}

inline void count_items(benchmark::State& state, std::size_t in_a_round) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(in_a_round));
}

// What a node of BY follows, with a batch of sealed notices at the end.
struct Followed {
  test::TestExchange exchange;
  test::TestLog log{exchange};
  exchange::LogFollower follower{exchange.genesis()};
  exchange::Opener opener = opener_of("BY");
  std::vector<exchange::FollowedBatch> batches;  // Not taken by anybody yet.
  std::vector<std::string> envelopes;            // Of the last one.

  Followed() { log.found(); }

  void append() { append(sealed_batch(exchange, kTogether)); }
  void append(std::vector<std::string> batch) {
    envelopes = std::move(batch);
    log.append(envelopes);
    for (; followed_ < log.batches().size(); ++followed_) {
      batches.push_back(test::must(follower.follow(log.batches()[followed_], exchange.cache())));
    }
  }
  [[nodiscard]] std::uint64_t first() const { return log.size() - envelopes.size(); }
  node::Arrival judge(std::size_t at, const ledger::Leaf& leaf) {
    return node::judge_delivery(first() + at, envelopes[at], leaf, "BY", follower.directory(),
                                opener, exchange.cache());
  }

 private:
  std::size_t followed_ = 0;
};

class Folder {
 public:
  Folder() : path_((std::filesystem::temp_directory_path() / "chancery-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) {
      test::stop({ErrorCode::kIo, path_});
    }
  }
  Folder(const Folder&) = delete;
  Folder(Folder&&) = delete;
  Folder& operator=(const Folder&) = delete;
  Folder& operator=(Folder&&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string file() const { return path_ + "/store.db"; }

 private:
  std::string path_;
};

}  // namespace chancery::micro
