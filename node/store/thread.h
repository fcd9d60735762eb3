// The thread of a notice as a node's store has it, and what its workflows come to:
// core/workflow/thread.h has the rules, protocol chapters 15 to 17 as well.
//
// References lead backwards in the log, so what is read is a tree, whatever was signed. It is read
// up to a bound, and where there is more, nothing is said of what it comes to.

#pragma once

#include <cstddef>

#include "chancery/v1/local.pb.h"
#include "core/base/result.h"
#include "node/store/node_store.h"

namespace chancery::node {

struct ThreadLimits {
  std::size_t entries = 2000;
  std::size_t bytes = 16U << 20U;  // Of their texts; the one that goes beyond is still read.
  std::size_t openings = 16;       // Of each workflow.
  std::size_t totals = 300;        // Of each request.
};

// The thread of which the notice is, from its first entry that is held here. kUsage where N is too
// short or means several; kNotFound where there is no such notice here, or it is not logged.
[[nodiscard]] Result<v1::ThreadReply> show_thread(NodeStore& store,
                                                  const v1::ThreadRequest& request,
                                                  const ThreadLimits& limits = {});

}  // namespace chancery::node
