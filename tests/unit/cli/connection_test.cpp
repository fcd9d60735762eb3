#include "cli/connection.h"

#include <gtest/gtest.h>

namespace chancery::cli {
namespace {

TEST(ConnectionTest, AMembersDeskIsFoundInTheExchange) {
  EXPECT_EQ(client_file({.exchange = "x", .member = "AM"}, {}).value().path,
            "x/am/apps/desk/client.toml");
}

TEST(ConnectionTest, FlagsGoBeforeTheEnvironment) {
  const Environment all = {.exchange = "e", .member = "BY", .client_file = "c.toml"};
  EXPECT_EQ(client_file({}, all).value().path, "c.toml");
  EXPECT_EQ(client_file({.client_file = "f.toml"}, all).value().path, "f.toml");
  EXPECT_EQ(client_file({.member = "AM"}, all).value().path, "e/am/apps/desk/client.toml");
  EXPECT_EQ(client_file({.exchange = "x"}, all).value().path, "x/by/apps/desk/client.toml");
}

TEST(ConnectionTest, WhatDoesNotNameANodeIsAWrongCommandLine) {
  EXPECT_EQ(client_file({}, {}).error().code, ErrorCode::kUsage);
  EXPECT_EQ(client_file({.exchange = "x"}, {}).error().code, ErrorCode::kUsage);
  EXPECT_EQ(client_file({.member = "AM"}, {}).error().code, ErrorCode::kUsage);
  EXPECT_EQ(client_file({.exchange = "x", .member = "../am"}, {}).error().code, ErrorCode::kUsage);
}

TEST(ConnectionTest, OnlyWhatFollowsFromAnExchangeKnowsItsMember) {
  EXPECT_EQ(client_file({.exchange = "x", .member = "AM"}, {}).value().member, "AM");
  EXPECT_EQ(client_file({.client_file = "f.toml"}, {}).value().exchange, "");
}

}  // namespace
}  // namespace chancery::cli
