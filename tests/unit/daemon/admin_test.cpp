#include "daemon/admin.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace chancery::daemon {
namespace {

using Replies = std::map<std::string, v1::AdminReply>;

class ReloadTest : public testing::Test {
 protected:
  Result<void> answer(const Result<Reloaded>& outcome) {
    return answer_reloads(
        askers_,
        [&] {
          ++reload_count_;
          return outcome;
        },
        [&](const std::string& to, const v1::AdminReply& reply) { replies_.emplace(to, reply); });
  }

  std::vector<Asker> askers_;
  int reload_count_ = 0;
  Replies replies_;
};

TEST_F(ReloadTest, WhereNobodyAsksNothingIsRead) {
  EXPECT_TRUE(answer(Reloaded{}).has_value());
  EXPECT_EQ(reload_count_, 0);
}

TEST_F(ReloadTest, OneReadingAnswersAllWhoAsked) {
  askers_ = {{.routing_id = "a", .request_id = 7}, {.routing_id = "b", .request_id = 8}};
  EXPECT_TRUE(answer(Reloaded{.taken = {"disk"}, .need_restart = {"hub", "store"}, .config = "/n"})
                  .has_value());
  EXPECT_EQ(reload_count_, 1);
  ASSERT_EQ(replies_.size(), 2U);
  EXPECT_EQ(replies_["b"].request_id(), 8U);
  const v1::ReloadReply& reply = replies_["a"].reload();
  EXPECT_EQ(reply.taken(0), "disk");
  EXPECT_EQ(reply.need_restart_size(), 2);
  EXPECT_EQ(reply.need_restart(1), "store");
  EXPECT_EQ(reply.config(), "/n");
  EXPECT_TRUE(answer(Reloaded{}).has_value());
  EXPECT_EQ(reload_count_, 1) << "nobody is answered twice";
}

TEST_F(ReloadTest, AFileThatCannotBeUsedIsAnsweredWithItsError) {
  askers_ = {{.routing_id = "a", .request_id = 7}};
  const Error error{ErrorCode::kConfigWrongType, "node.toml:3"};
  EXPECT_TRUE(answer(Reloaded{.refused = error, .config = "/n"}).has_value());
  ASSERT_TRUE(replies_["a"].has_error());
  EXPECT_EQ(error_code_from_wire(replies_["a"].error().code()), ErrorCode::kConfigWrongType);
  EXPECT_EQ(replies_["a"].error().text(), "node.toml:3");
}

TEST_F(ReloadTest, WhatMustEndTheDaemonIsNoAnswer) {
  askers_ = {{.routing_id = "a", .request_id = 7}};
  EXPECT_EQ(answer(fail(ErrorCode::kIo, "store")).error().code, ErrorCode::kIo);
  EXPECT_TRUE(replies_.empty());
}

}  // namespace
}  // namespace chancery::daemon
