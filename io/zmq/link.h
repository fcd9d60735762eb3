// Router and Dealer with or without CURVE. Inner to io/zmq: whether a link is protected is nothing
// that its options can say, so that no configuration can turn it off.

#pragma once

#include "core/base/result.h"
#include "io/zmq/context.h"
#include "io/zmq/dealer.h"
#include "io/zmq/router.h"

namespace chancery::zmq {

[[nodiscard]] Result<Router> bind_router(Context& context, const RouterOptions& options,
                                         bool curve);
[[nodiscard]] Result<Dealer> connect_dealer(Context& context, const DealerOptions& options,
                                            bool curve);

}  // namespace chancery::zmq
