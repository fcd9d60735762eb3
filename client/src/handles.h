// Which client handles there are. A handle is a number that is never used again, not an address:
// one that was closed, or came over a fork, is recognised and is never followed. Inner to client/.
//
// In the child of a fork the table is a fresh one, and what the parent had is left as it lies: its
// threads and locks are not there. Threads: any.

#pragma once

#include <memory>

#include "chancery/chancery.h"
#include "client/src/session.h"

namespace chancery::client {

[[nodiscard]] chancery_client* add_handle(std::shared_ptr<Session> session);

// kBadArgument, kClientClosed, kAfterFork. What is given lives on while a call uses it.
[[nodiscard]] Result<std::shared_ptr<Session>> session_of(const chancery_client* handle);

// Null where session_of() has none.
[[nodiscard]] std::shared_ptr<Session> remove_handle(const chancery_client* handle);

}  // namespace chancery::client
