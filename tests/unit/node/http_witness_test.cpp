#include "node/http_witness.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/keys.h"

namespace chancery::node {
namespace {

class HttpWitnessTest : public testing::Test {
 protected:
  std::future<http::Response> ask(const std::string& body) {
    return std::async(std::launch::async, [this, body] {
      return witness_->respond({.path = "/add-checkpoint", .body = body});
    });
  }
  // What the loop finds, once there is something.
  std::vector<std::shared_ptr<HttpWitness::Asked>> taken(std::uint64_t followed_size) {
    while (true) {
      std::vector<std::shared_ptr<HttpWitness::Asked>> asked = witness_->take(followed_size);
      if (!asked.empty()) {
        return asked;
      }
      std::this_thread::yield();
    }
  }

  std::unique_ptr<HttpWitness> witness_ = test::must(HttpWitness::start(""));
};

TEST_F(HttpWitnessTest, TheLoopAnswersWhoAsks) {
  std::future<http::Response> first = ask("request");
  const auto asked = taken(5);
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0]->request, "request");
  witness_->answer(*asked[0], {.status = 200, .text = "line\n"});
  const http::Response response = first.get();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "line\n");
  EXPECT_TRUE(response.type.starts_with("text/plain"));
  EXPECT_TRUE(witness_->take(6).empty()) << "who was answered waits no more";
  EXPECT_EQ(witness_->counters().answered_count, 1U);
  EXPECT_EQ(witness_->counters().cosigned_count, 1U);
}

TEST_F(HttpWitnessTest, TheSizeOfAnotherHasATypeOfItsOwn) {
  std::future<http::Response> first = ask("request");
  witness_->answer(*taken(5)[0], {.status = 409, .text = "4\n"});
  const http::Response response = first.get();
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(response.body, "4\n");
  EXPECT_EQ(response.type, "text/x.tlog.size");
  EXPECT_EQ(witness_->counters().cosigned_count, 0U);
}

TEST_F(HttpWitnessTest, WhatWaitsForTheLogIsTakenAgainOnceItHasGrown) {
  std::future<http::Response> first = ask("request");
  taken(5);
  EXPECT_TRUE(witness_->take(5).empty());
  const auto again = witness_->take(6);
  ASSERT_EQ(again.size(), 1U);
  witness_->answer(*again[0], {.status = 422, .text = "no\n"});
  EXPECT_EQ(first.get().status, 422);
}

TEST_F(HttpWitnessTest, WhomTheLoopDoesNotAnswerIsToldSoAndForgotten) {
  const http::Response response = ask("request").get();
  EXPECT_EQ(response.status, 503);
  EXPECT_TRUE(witness_->take(5).empty());
}

TEST_F(HttpWitnessTest, NothingElseIsHere) {
  EXPECT_EQ(witness_->respond({.path = "/add-checkpoint/", .body = "x"}).status, 404);
  EXPECT_EQ(witness_->respond({.path = "/metrics"}).status, 404);
}

}  // namespace
}  // namespace chancery::node
