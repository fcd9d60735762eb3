// One attempt of a webhook, in a process of its own: `chancery-node post-hook`.
//
// What a server answers is read by this process, which holds no keys, has little memory and is
// ended with its time, and not by the node. The node writes a PostHook to its stdin and learns by
// its exit code what came of it, and by a line on its stderr why. Not for people.

#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace chancery::node {

inline constexpr std::string_view kPostHookWord = "post-hook";
// Besides 0, which is for a status of 2xx, and 1 for anything else that may have been heard.
inline constexpr int kPostHookUnreached = 3;

struct PostHook {
  std::string url;
  std::string ca{};         // As in HookConfig.
  std::string signature{};  // Empty: none.
  std::string body;
  std::chrono::seconds timeout{};
};

[[nodiscard]] std::string to_text(const PostHook& post);
// Of stdin to its end; the exit code.
[[nodiscard]] int run_post_hook();

}  // namespace chancery::node
