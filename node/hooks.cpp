#include "node/hooks.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/base/encoding.h"
#include "core/crypto/hkdf.h"
#include "core/crypto/secret.h"
#include "io/log/log.h"
#include "io/os/clock.h"
#include "io/os/command.h"
#include "io/os/file.h"
#include "io/os/random.h"
#include "node/post_hook.h"

namespace chancery::node {
namespace {

constexpr std::size_t kHookIdBytes = 16;
constexpr std::size_t kCaBytesMax = 4U << 20U;
constexpr std::chrono::hours kHookIdle{1};

std::string new_hook_id() {
  return hex(as_bytes(os::random_bytes(kHookIdBytes)));
}

std::string_view word_of(const HookEvent& event) {
  return event.is_over ? "over" : "overdue";
}

Result<void> check_program(const std::string& path) {
  std::error_code unknown;
  if (!std::filesystem::is_regular_file(path, unknown)) {
    return fail(ErrorCode::kFileMissing, path + " is no program");
  }
  return ::access(path.c_str(), X_OK) == 0
             ? Result<void>()
             : fail(ErrorCode::kIo, path + " may not be run by this user");
}

Result<void> check_ca(const std::string& path) {
  CHANCERY_TRY(const std::string pem, os::read_file(path, kCaBytesMax));
  return pem.contains("-----BEGIN CERTIFICATE-----")
             ? Result<void>()
             : fail(ErrorCode::kConfigInvalid, path + " has no certificate in PEM");
}

Result<std::string> read_hook_secret(const std::string& source) {
  CHANCERY_TRY(std::string secret, os::read_secret(source));
  if (secret.empty()) {
    return fail(ErrorCode::kConfigInvalid, source + " is empty");
  }
  return secret;
}

std::string words_of(const os::ExitStatus& status) {
  return status.signal.has_value() ? "ended by signal " + std::to_string(*status.signal)
                                   : "exit code " + std::to_string(status.code.value_or(0));
}

}  // namespace

Result<void> check_hook(const HookConfig& config) {
  if (!config.command.empty()) {
    return check_program(config.command.front());
  }
  if (!config.secret.empty()) {
    CHANCERY_TRY(std::string secret, read_hook_secret(config.secret));
    crypto::wipe(secret);
  }
  return config.ca.empty() ? Result<void>() : check_ca(config.ca);
}

std::string hook_document(const HookOrigin& origin, const HookEvent& event) {
  const std::optional<Hash>& notice = event.overdue.notice;
  return text::dump(
      text::Json{{"id", event.id},
                 {"event", word_of(event)},
                 {"genesis", hex(origin.genesis)},
                 {"member", origin.member},
                 {"what", event.overdue.what},
                 {"peer", event.overdue.peer},
                 {"urgent", event.overdue.lane == exchange::Lane::kUrgent},
                 {"since_ms", event.overdue.since_ms},
                 {"detail", event.overdue.detail},
                 {"notice", notice.has_value() ? text::Json(hex(*notice)) : text::Json(nullptr)},
                 {"members", event.overdue.owing},
                 {"at_ms", event.at_ms}});
}

Hook::Hook(const HookOrigin& origin, HookConfig config, const HookQueue* before)
    : origin_(origin),
      config_(std::move(config)),
      queue_(before != nullptr ? *before : HookQueue(new_hook_id)) {
  queue_.doubt(os::steady_now());
  if (const Result<void> good = check_hook(config_); !good.has_value()) {
    last_fault_ = good.error().to_string();
    log::warn("hook-failed", {{"hook", config_.name},
                              {"detail", last_fault_},
                              {"remedy", error_info(good.error().code).remedy}});
  }
  try {
    thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
  } catch (const std::system_error& error) {
    is_ended_ = true;
    last_fault_ = std::string("no thread: ") + error.what();
    log::warn("hook-failed", {{"hook", config_.name},
                              {"detail", last_fault_},
                              {"remedy", error_info(ErrorCode::kUnavailable).remedy}});
  }
}

Hook::~Hook() {
  stop();
}

void Hook::stop() {
  thread_.request_stop();
}

void Hook::see(const std::vector<Overdue>& overdue) {
  {
    const std::scoped_lock lock(mutex_);
    if (!queue_.see(overdue, config_.filter, os::steady_now(), os::unix_ms())) {
      return;
    }
    has_news_ = true;
  }
  changed_.notify_one();
}

HookQueue Hook::queue() {
  const std::scoped_lock lock(mutex_);
  return queue_;
}

bool Hook::is_ended() {
  const std::scoped_lock lock(mutex_);
  return is_ended_;
}

text::Json Hook::status_json() {
  const std::scoped_lock lock(mutex_);
  return {{"told", told_count_},
          {"failed", failed_count_},
          {"waiting", queue_.waiting_count()},
          {"last_error", last_fault_}};
}

void Hook::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const std::optional<HookEvent> event = queue_.next(os::steady_now());
    if (!event.has_value()) {
      has_news_ = false;
      changed_.wait_until(lock, stop, queue_.next_at().value_or(os::steady_now() + kHookIdle),
                          [this] { return has_news_; });
      continue;
    }
    lock.unlock();
    const Attempt made = attempt(*event, stop);
    const bool is_cut_off = stop.stop_requested();
    if (!is_cut_off) {
      log_attempt(*event, made);
    }
    lock.lock();
    if (!is_cut_off) {
      queue_.told(*event, made.outcome, os::steady_now());
      ++(made.outcome == HookOutcome::kTold ? told_count_ : failed_count_);
      last_fault_ = made.fault;
    }
  }
  is_ended_ = true;
}

void Hook::log_attempt(const HookEvent& event, const Attempt& made) {
  faults_.sweep(os::steady_now());
  if (made.outcome == HookOutcome::kTold) {
    log::info("hook-told", {{"hook", config_.name},
                            {"told", word_of(event)},
                            {"what", event.overdue.what},
                            {"peer", event.overdue.peer},
                            {"id", event.id}});
    return;
  }
  faults_.line(os::steady_now(), log::Level::kWarn, "hook-failed", config_.name,
               {{"hook", config_.name},
                {"to_tell", word_of(event)},
                {"what", event.overdue.what},
                {"peer", event.overdue.peer},
                {"id", event.id},
                {"detail", made.fault},
                {"remedy", config_.url.empty()
                               ? "run the command by hand as the node's user; it is tried again"
                               : "look at what answers at the url, at ca and secret; it is tried "
                                 "again"}});
}

Hook::Attempt Hook::attempt(const HookEvent& event, const std::stop_token& stop) const {
  const std::string document = hook_document(origin_, event);
  return config_.url.empty() ? run(config_.command, document, stop) : post(document, stop);
}

Hook::Attempt Hook::run(const std::vector<std::string>& argv, const std::string& input,
                        const std::stop_token& stop) const {
  const bool is_post = !config_.url.empty();
  const Result<os::CommandEnd> ended = os::run_command(argv, input, config_.timeout, stop);
  if (!ended.has_value()) {
    return {.outcome = HookOutcome::kUnreached, .fault = ended.error().to_string()};
  }
  const std::optional<os::ExitStatus>& status = ended->status;
  if (!status.has_value()) {
    return {.outcome = HookOutcome::kUnsure,
            .fault = "not done after " + std::to_string(config_.timeout.count()) + " s: ended"};
  }
  const std::string& complaint = ended->complaint;
  if (status->ok()) {
    return {.outcome = HookOutcome::kTold};
  }
  if (is_post && !complaint.empty()) {  // It says all there is to say.
    return {.outcome =
                status->code == kPostHookUnreached ? HookOutcome::kUnreached : HookOutcome::kUnsure,
            .fault = complaint};
  }
  return {.outcome = HookOutcome::kUnsure,
          .fault = words_of(*status) + (complaint.empty() ? "" : ": " + complaint)};
}

Hook::Attempt Hook::post(const std::string& document, const std::stop_token& stop) const {
  PostHook post{.url = config_.url, .ca = config_.ca, .body = document, .timeout = config_.timeout};
  if (!config_.secret.empty()) {
    Result<std::string> secret = read_hook_secret(config_.secret);
    if (!secret.has_value()) {
      return {.outcome = HookOutcome::kUnreached, .fault = secret.error().to_string()};
    }
    post.signature = "sha256=" + hex(crypto::hmac_sha256(as_bytes(*secret), as_bytes(document)));
    crypto::wipe(*secret);
  }
  return run({origin_.program, std::string(kPostHookWord)}, to_text(post), stop);
}

Hooks::Hooks(HookOrigin origin, const std::vector<HookConfig>& configs)
    : origin_(std::move(origin)) {
  take_over(configs);
}

Hooks::~Hooks() {
  for (const std::unique_ptr<Hook>& hook : hooks_) {
    hook->stop();  // All at once, before the first is waited for.
  }
}

void Hooks::take_over(const std::vector<HookConfig>& configs) {
  std::vector<std::unique_ptr<Hook>> before = std::exchange(hooks_, {});
  for (const HookConfig& config : configs) {
    const auto found = std::ranges::find_if(before, [&](const std::unique_ptr<Hook>& hook) {
      return hook != nullptr && hook->config().name == config.name;
    });
    if (found == before.end()) {
      hooks_.push_back(std::make_unique<Hook>(origin_, config, nullptr));
    } else if ((*found)->config() == config) {
      hooks_.push_back(std::move(*found));
    } else {
      (*found)->stop();
      const HookQueue queue = (*found)->queue();
      hooks_.push_back(std::make_unique<Hook>(origin_, config, &queue));
    }
  }
  for (std::unique_ptr<Hook>& hook : before) {
    if (hook != nullptr) {
      hook->stop();
      leaving_.push_back(std::move(hook));
    }
  }
}

void Hooks::see(const std::vector<Overdue>& overdue) {
  std::erase_if(leaving_, [](const std::unique_ptr<Hook>& hook) { return hook->is_ended(); });
  for (const std::unique_ptr<Hook>& hook : hooks_) {
    hook->see(overdue);
  }
}

text::Json Hooks::status_json() {
  text::Json json = text::Json::object();
  for (const std::unique_ptr<Hook>& hook : hooks_) {
    json[hook->config().name] = hook->status_json();
  }
  return json;
}

}  // namespace chancery::node
