#include "io/zmq/self_test.h"

#include "io/zmq/dealer.h"
#include "io/zmq/poller.h"

namespace chancery::zmq {
namespace {

constexpr int kRefusedStatus = 400;  // RFC 27: authentication failure.

}  // namespace

Result<> admission_self_test(Context& context, const SelfTestOptions& options) {
  CHANCERY_TRY(const CurveKey random_public, curve_public(options.random_secret));
  CHANCERY_TRY(Dealer dealer, Dealer::connect(context, {.endpoint = options.endpoint,
                                                        .own = {.secret = options.random_secret,
                                                                .public_key = random_public},
                                                        .server_public = options.server_public}));
  Poller poller;
  poller.add(dealer);
  const auto end = std::chrono::steady_clock::now() + options.refusal_max;
  while (true) {
    while (const std::optional<LinkEvent> event = dealer.next_event()) {
      if (event->state == LinkState::kConnected) {
        return fail(ErrorCode::kZapOpen, "a random key was admitted at " + options.endpoint);
      }
      if (event->state == LinkState::kRefused && event->status == kRefusedStatus) {
        return {};
      }
    }
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      return fail(ErrorCode::kZapOpen, "nobody refused a random key at " + options.endpoint +
                                           " within " +
                                           std::to_string(options.refusal_max.count()) + " ms");
    }
    CHANCERY_TRY([[maybe_unused]] const std::size_t ready, poller.wait(left));
  }
}

Result<Router> bind_proved(Context& context, const RouterOptions& options,
                           const CurveSecret& random_secret) {
  CHANCERY_TRY(const CurveKey server_public, curve_public(options.secret));
  {
    RouterOptions hidden = options;
    hidden.endpoint = "tcp://127.0.0.1:*";
    CHANCERY_TRY(const Router proved, Router::bind(context, hidden));
    CHANCERY_TRY_VOID(admission_self_test(context, {.endpoint = proved.endpoint(),
                                                    .server_public = server_public,
                                                    .random_secret = random_secret}));
  }
  return Router::bind(context, options);
}

}  // namespace chancery::zmq
