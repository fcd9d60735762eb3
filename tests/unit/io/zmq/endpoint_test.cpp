#include "io/zmq/endpoint.h"

#include <gtest/gtest.h>

#include <string>

namespace chancery::zmq {
namespace {

using enum EndpointUse;

// "good", or the rule that is broken.
std::string checked(const std::string& endpoint, EndpointUse use = kConnect) {
  const Result<> result = check_endpoint(endpoint, use);
  if (result.has_value()) {
    return "good";
  }
  EXPECT_EQ(result.error().code, ErrorCode::kConfigInvalid);
  const std::string& detail = result.error().detail;
  for (const char* const rule :
       {"colon", "port", "host is", "bytes", "neither tcp", "zero byte", "absolute"}) {
    if (detail.find(rule) != std::string::npos) {
      return rule;
    }
  }
  return detail;
}

TEST(EndpointTest, TheHostIsANameOrAnAddress) {
  for (const char* const host : {"127.0.0.1", "0.0.0.0", "hub", "hub.example.org", "hub-1.example",
                                 "1st.example", "[::1]", "[::]", "[2001:db8::7]"}) {
    EXPECT_EQ(checked("tcp://" + std::string(host) + ":7411"), "good") << host;
  }
  for (const char* const host : {"", "127.0.0.256", "127.0.0", "1", "::1", "[127.0.0.1]", "[::1",
                                 "[]", "a b", "a/b", "a;b", "h\xc3\xbc.x", "*"}) {
    EXPECT_EQ(checked("tcp://" + std::string(host) + ":7411"), "host is") << host;
  }
  EXPECT_EQ(checked("tcp://" + std::string(kHostBytesMax, 'h') + ":1"), "good");
  EXPECT_EQ(checked("tcp://" + std::string(kHostBytesMax + 1, 'h') + ":1"), "host is");
}

// libzmq would take 99999 for 34463.
TEST(EndpointTest, APortIsOneTo65535) {
  for (const char* const port : {"1", "80", "65535"}) {
    EXPECT_EQ(checked("tcp://127.0.0.1:" + std::string(port)), "good") << port;
  }
  for (const char* const port : {"", "0", "65536", "99999", "4294967297", "18446744073709551617",
                                 "07411", "-1", "+1", "7411 ", " 7411", "0x10", "7411/x", "*"}) {
    EXPECT_EQ(checked("tcp://127.0.0.1:" + std::string(port)), "port") << port;
  }
}

TEST(EndpointTest, OnlyWhoeverListensLeavesHostOrPortOpen) {
  for (const char* const endpoint : {"tcp://*:7411", "tcp://127.0.0.1:*", "tcp://*:*"}) {
    EXPECT_EQ(checked(endpoint, kListen), "good") << endpoint;
    EXPECT_NE(checked(endpoint, kConnect), "good") << endpoint;
  }
  EXPECT_EQ(checked("tcp://127.0.0.1:0", kListen), "port");
  EXPECT_EQ(checked("tcp://127.0.0.1:99999", kListen), "port");
}

TEST(EndpointTest, OtherTransportsAndOtherSpellingsAreNone) {
  for (const char* const endpoint :
       {"", "127.0.0.1:7411", "TCP://x:1", "inproc://x", "pgm://x:1", "tcp:/x:1", " tcp://x:1"}) {
    EXPECT_EQ(checked(endpoint), "neither tcp") << endpoint;
  }
  EXPECT_EQ(checked("tcp://"), "colon");
  EXPECT_EQ(checked("tcp://x"), "colon");
  EXPECT_EQ(checked(std::string("tcp://x:1\0", 10)), "zero byte");
  EXPECT_EQ(checked(std::string("ipc:///tmp/x\0y", 14)), "zero byte");
}

// unix(7) takes 107 bytes of a path: at the limit and one over.
TEST(EndpointTest, APathOfASocketHasItsLimit) {
  EXPECT_EQ(checked("ipc:///run/x.sock"), "good");
  EXPECT_EQ(checked("ipc:///" + std::string(kIpcPathBytesMax - 1, 'x')), "good");
  EXPECT_EQ(checked("ipc:///" + std::string(kIpcPathBytesMax, 'x')), "bytes");
  for (const char* const path : {"", "*", "@abstract", "run/x.sock"}) {
    EXPECT_EQ(checked("ipc://" + std::string(path)), "absolute") << path;
  }
}

}  // namespace
}  // namespace chancery::zmq
