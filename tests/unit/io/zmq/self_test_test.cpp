#include "io/zmq/self_test.h"

#include <array>

#include "tests/unit/io/zmq/support.h"

namespace chancery::zmq {
namespace {

using std::chrono::milliseconds;

class SelfTestTest : public HubTest {
 protected:
  Result<> test(const std::string& endpoint, milliseconds refusal_max = kPatience) {
    return admission_self_test(context_, {.endpoint = endpoint,
                                          .server_public = hub_.public_key,
                                          .random_secret = random_keys().secret,
                                          .refusal_max = refusal_max});
  }
};

TEST_F(SelfTestTest, PassesWhereTheRandomKeyIsRefused) {
  const Router router = bind();
  const Result<> result = test(router.endpoint());
  EXPECT_TRUE(result) << result.error().to_string();
  EXPECT_EQ(zap_->counters().refused_count, 1U);
}

// Option 93 keeps admission closed without a handler, but nobody says no: not a proof.
TEST_F(SelfTestTest, SaysOpenWhereTheHandlerIsMissing) {
  const Router router = bind();
  zap_.reset();
  const Result<> result = test(router.endpoint(), milliseconds(300));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kZapOpen);
}

TEST_F(SelfTestTest, NothingIsBoundBeforeTheProof) {
  const Router taken = bind();
  RouterOptions options = router_options();
  options.endpoint = taken.endpoint();
  const auto code = [&] {
    const Result<Router> bound = bind_proved(context_, options, random_keys().secret);
    return bound ? ErrorCode::kInternal : bound.error().code;
  };
  options.bind_max = milliseconds(0);
  EXPECT_EQ(code(), ErrorCode::kAddressInUse) << "the proof was made, and elsewhere";
  EXPECT_EQ(zap_->counters().refused_count, 1U);
  zap_->allow(kDomain, {});
  options.endpoint = "tcp://127.0.0.1:*";
  const Router bound = must(bind_proved(context_, options, random_keys().secret));
  EXPECT_NE(bound.endpoint(), taken.endpoint());
  zap_.reset();
  options.endpoint = taken.endpoint();
  EXPECT_EQ(code(), ErrorCode::kZapOpen) << "it is asked before the address is";
}

// libzmq as it comes: a CURVE server that has a domain and no handler admits every key.
TEST_F(SelfTestTest, SaysOpenWhereEveryKeyIsAdmitted) {
  void* const context = zmq_ctx_new();
  void* const server = zmq_socket(context, ZMQ_ROUTER);
  const int on = 1;
  ASSERT_EQ(zmq_setsockopt(server, ZMQ_CURVE_SERVER, &on, sizeof on), 0);
  ASSERT_EQ(zmq_setsockopt(server, ZMQ_CURVE_SECRETKEY, hub_.secret.bytes().data(),
                           hub_.secret.bytes().size()),
            0);
  ASSERT_EQ(zmq_setsockopt(server, ZMQ_ZAP_DOMAIN, kDomain, 6), 0);
  ASSERT_EQ(zmq_bind(server, "tcp://127.0.0.1:*"), 0);
  std::array<char, 128> endpoint{};
  std::size_t size = endpoint.size();
  ASSERT_EQ(zmq_getsockopt(server, ZMQ_LAST_ENDPOINT, endpoint.data(), &size), 0);

  const Result<> result = test(endpoint.data());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kZapOpen);
  EXPECT_NE(result.error().detail.find("admitted"), std::string::npos);

  zmq_close(server);
  zmq_ctx_term(context);
}

}  // namespace
}  // namespace chancery::zmq
