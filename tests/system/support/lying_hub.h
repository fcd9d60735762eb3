// A hub in the test's hands, with the real hub's keys: it shows a node the log that the test wants.
//
// Answers Hello with the head that the test claims, and Fetch with the batches that it holds.
// Deliveries are pushed by the test, and sent again on Fetch where they were held for it. It serves
// only while serve_until() runs.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chancery/v1/link.pb.h"
#include "core/base/bytes.h"
#include "io/zmq/context.h"
#include "io/zmq/router.h"
#include "io/zmq/zap.h"
#include "tests/support/exchange.h"
#include "tests/support/log.h"
#include "tests/system/support/daemon.h"

namespace chancery::test {

class LyingHub {
 public:
  // Admits node 1 of this member.
  LyingHub(const TestExchange& exchange, std::string_view member);

  [[nodiscard]] const std::string& endpoint() const { return router_.endpoint(); }

  // What it claims from now on.
  void show(std::vector<v1::LogBatch> batches, std::uint64_t size, const Hash& root);
  void show(const TestLog& log) { show(log.batches(), log.size(), log.tree().root()); }

  // To the node that spoke last.
  void send(const std::string& topic, const std::string& message);
  void push_batch(const v1::LogBatch& batch);
  void deliver(std::uint64_t index, std::uint64_t previous, const std::string& envelope);
  // What a Fetch of deliveries gets at this index from now on.
  void hold(std::uint64_t index, std::uint64_t previous, const std::string& envelope) {
    held_.insert_or_assign(index, std::pair(previous, envelope));
  }

  [[nodiscard]] bool serve_until(const std::function<bool()>& condition,
                                 std::chrono::milliseconds patience = kPatience);
  [[nodiscard]] std::uint64_t cursor() const { return cursor_; }  // As the node said last.
  [[nodiscard]] std::uint64_t hello_count() const { return hello_count_; }
  // Each envelope that is submitted is refused so from now on.
  void refuse(ErrorCode code) { refusal_ = code; }
  [[nodiscard]] std::uint64_t submit_count() const { return submit_count_; }

 private:
  void serve();

  const TestExchange& exchange_;
  std::string member_;
  zmq::Context context_;
  zmq::ZapHandler zap_;
  zmq::Router router_;
  std::string routing_id_;
  std::vector<v1::LogBatch> batches_;
  std::uint64_t size_ = 0;
  Hash root_{};
  std::uint64_t cursor_ = 0;
  std::uint64_t hello_count_ = 0;
  std::optional<ErrorCode> refusal_;
  std::uint64_t submit_count_ = 0;
  std::map<std::uint64_t, std::pair<std::uint64_t, std::string>> held_;  // Previous and envelope.
};

}  // namespace chancery::test
