#include "node/post_hook.h"

#include <sys/resource.h>

#include <csignal>
#include <cstdint>
#include <iostream>
#include <iterator>

#include "io/http/client.h"
#include "io/os/exit_codes.h"
#include "io/text/json.h"

namespace chancery::node {
namespace {

constexpr std::size_t kPostDepthMax = 2;
// The library reads headers without a bound.
constexpr rlim_t kPostMemoryMax = 256U << 20U;

void bound_memory() {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // Which map the whole space.
  const rlimit most = {.rlim_cur = kPostMemoryMax, .rlim_max = kPostMemoryMax};
  ::setrlimit(RLIMIT_AS, &most);
#endif
}

Result<PostHook> from_text(const std::string& text) {
  CHANCERY_TRY(const text::Json json, text::parse_json(text, kPostDepthMax));
  return PostHook{.url = json.value("url", ""),
                  .ca = json.value("ca", ""),
                  .signature = json.value("signature", ""),
                  .body = json.value("body", ""),
                  .timeout = std::chrono::seconds(json.value("timeout_seconds", std::int64_t{1}))};
}

}  // namespace

std::string to_text(const PostHook& post) {
  return text::dump(text::Json{{"url", post.url},
                               {"ca", post.ca},
                               {"signature", post.signature},
                               {"body", post.body},
                               {"timeout_seconds", post.timeout.count()}});
}

int run_post_hook() {
  bound_memory();
  std::signal(SIGPIPE, SIG_IGN);  // NOLINT(bugprone-unused-return-value): cannot fail.
  const std::string text((std::istreambuf_iterator<char>(std::cin)), {});
  const Result<PostHook> asked = from_text(text);
  if (!asked.has_value()) {
    std::cerr << asked.error().detail << '\n';
    return kPostHookUnreached;
  }
  http::Post post{.url = asked->url,
                  .body = asked->body,
                  .type = "application/json",
                  .ca_file = asked->ca,
                  .step_time_max = asked->timeout};
  if (!asked->signature.empty()) {
    post.headers.emplace_back("Chancery-Signature", asked->signature);
  }
  const http::Posted posted = http::post(post);
  if (posted.status.has_value() && *posted.status / 100 == 2) {
    return os::kExitDone;
  }
  std::cerr << (posted.status.has_value() ? "status " + std::to_string(*posted.status)
                                          : posted.fault)
            << '\n';
  return posted.may_be_heard ? os::kExitFalse : kPostHookUnreached;
}

}  // namespace chancery::node
