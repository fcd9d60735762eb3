// Entries that are submitted over the hub's admin socket and wait for their batch, as its status
// counts them.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "chancery/v1/local.pb.h"
#include "io/zmq/plain_router.h"
#include "io/zmq/poller.h"
#include "tests/support/exchange.h"
#include "tests/support/keys.h"
#include "tests/system/support/trial.h"

namespace chancery::test {
namespace {

class AdminWaitsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(hub_.start());
    dealer_ = std::make_unique<zmq::Dealer>(must(zmq::connect_plain_dealer(
        context_, {.path = folder_ / "hub/run/admin.sock", .frame_bytes_max = 4U << 20U})));
    poller_.add(*dealer_);
    ASSERT_TRUE(eventually([&] { return send(status_request()); }));
    ASSERT_TRUE(receive().has_status());
  }

  static v1::AdminRequest status_request() {
    v1::AdminRequest request;
    request.mutable_status();
    return request;
  }

  bool send(v1::AdminRequest request) {
    request.set_request_id(++request_id_);
    return dealer_->send({request.SerializeAsString()}).has_value();
  }

  v1::AdminReply receive() {
    v1::AdminReply reply;
    EXPECT_TRUE(eventually([&] {
      static_cast<void>(must(poller_.wait(std::chrono::milliseconds(100))));
      const auto frames = dealer_->receive();
      return frames.has_value() && reply.ParseFromString(frames->front());
    }));
    return reply;
  }

  static std::uint64_t waiting(const v1::AdminReply& reply) {
    const text::Json status = must(text::parse_json(reply.status().json(), 16));
    return status.at("queues").at("admin_waits").at("items").get<std::uint64_t>();
  }

  TestExchange exchange_;
  Folder folder_;
  TrialHub hub_{exchange_, folder_};
  zmq::Context context_ = must(zmq::Context::create());
  std::unique_ptr<zmq::Dealer> dealer_;
  zmq::Poller poller_;
  std::uint64_t request_id_ = 0;
};

// C-166. What is sent at once is read in one turn, or at the latest while the first is written to
// the disk: then the status comes before the answers of those that it counts.
TEST_F(AdminWaitsTest, WhatWaitsForItsBatchIsCounted) {
  const Hash nobody = signing_public("nobody").id();
  std::uint64_t most = 0;
  EXPECT_TRUE(eventually([&] {
    constexpr int kCount = 8;
    for (int i = 0; i < kCount; ++i) {
      v1::AdminRequest request;
      request.mutable_submit_entry()->set_envelope(exchange_.entry(
          revocation_of(nobody), std::vector<std::string>{"AM authority"}, exchange_.directory()));
      EXPECT_TRUE(send(std::move(request)));
    }
    EXPECT_TRUE(send(status_request()));
    for (int i = 0; i <= kCount; ++i) {
      const v1::AdminReply reply = receive();
      most = reply.has_status() ? std::max(most, waiting(reply)) : most;
    }
    return most > 0;
  }));
  ASSERT_TRUE(send(status_request()));
  EXPECT_EQ(waiting(receive()), 0U) << "each has its answer";
  EXPECT_EQ(hub_.daemon().stop(), 0);
}

}  // namespace
}  // namespace chancery::test
