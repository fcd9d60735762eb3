// What applications ask of their node, and what they get. docs/reference/protocol.md chapter 11.
//
// Requests come with the name of the application that the transport authenticated; its grants
// decide. Nothing here touches a socket: answers are collected, and the loop sends them after the
// store's commit, so that "queued" means durable. Requests that wait (await, inbox with wait) are
// kept until something changes or their time is up.
//
// Bounded: kWaitersMax waiting requests; a page has at most 500 notices and half a frame, and looks
// at 2,000 notices, or with `last` at the newest 100,000.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chancery/v1/local.pb.h"
#include "core/base/result.h"
#include "core/exchange/directory.h"
#include "node/config.h"
#include "node/store/node_store.h"

namespace chancery::node {

using SteadyTime = std::chrono::steady_clock::time_point;

struct LocalReply {
  std::string routing_id;
  std::string message;
};

// What the API sees of the node around it.
struct LocalContext {
  const exchange::Directory* directory = nullptr;
  std::uint64_t now_ms = 0;
  SteadyTime now{};
};

class LocalApi {
 public:
  static constexpr std::size_t kWaitersMax = 1024;
  static constexpr std::uint64_t kQueuedMax = 100'000;  // Notices waiting in the outbox.

  LocalApi(std::string member, const std::vector<Application>& applications, NodeStore& store,
           std::function<std::string(std::size_t)> random)
      : member_(std::move(member)),
        applications_(applications),
        store_(store),
        random_(std::move(random)) {}

  // An error means that the store failed and the process must stop; what is wrong with the request
  // is answered.
  [[nodiscard]] Result<void> handle(const std::string& routing_id, std::string_view application,
                                    std::string_view frame, const LocalContext& context);
  // Answers the waiting whose moment has come.
  [[nodiscard]] Result<void> wake(const LocalContext& context, bool changed);

  [[nodiscard]] std::vector<LocalReply> take_replies();
  [[nodiscard]] std::size_t waiter_count() const { return waiters_.size(); }

 private:
  struct Waiter {
    std::string routing_id;
    const Application* application;
    v1::LocalRequest request;
    SteadyTime deadline;
  };

  void reply(const std::string& routing_id, v1::LocalReply reply, std::uint64_t request_id);
  Result<v1::PublishReply> publish(const v1::PublishRequest& request,
                                   const Application& application, const LocalContext& context);
  Result<v1::AwaitReply> await(const v1::AwaitRequest& request, const Application& application);
  Result<v1::InboxReply> inbox(const v1::InboxRequest& request, const Application& application);
  Result<v1::InboxReply> inbox_after(std::uint64_t after, const v1::InboxRequest& request,
                                     const Application& application);
  Result<v1::InboxReply> inbox_newest(std::uint64_t after, const v1::InboxRequest& request,
                                      const Application& application);
  Result<std::string> envelope_of(const OutboxRow& own);
  Result<v1::CursorReply> cursor(const v1::CursorRequest& request, const Application& application);
  Result<v1::ShowReply> show(const v1::ShowRequest& request, const Application& application);
  // The reply, or nothing where the request should wait on.
  Result<std::optional<v1::LocalReply>> serve(const v1::LocalRequest& request,
                                              const Application& application,
                                              const LocalContext& context, bool may_wait);

  std::string member_;
  const std::vector<Application>& applications_;
  NodeStore& store_;
  std::function<std::string(std::size_t)> random_;
  std::vector<Waiter> waiters_;
  std::vector<LocalReply> replies_;
};

}  // namespace chancery::node
