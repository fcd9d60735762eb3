#include "tests/system/support/lying_hub.h"

#include <gtest/gtest.h>

#include <iostream>

#include "core/exchange/compose.h"
#include "tests/system/support/trial.h"

namespace chancery::test {

LyingHub::LyingHub(const TestExchange& exchange, std::string_view member)
    : exchange_(exchange),
      member_(member),
      context_(must(zmq::Context::create())),
      zap_(must(zmq::ZapHandler::start(context_))),
      router_([&] {
        zap_.allow("hub", {{curve_pair(node_key_name(member, 1, "transport")).public_key,
                            std::string(member)}});
        return must(zmq::Router::bind(context_, {.endpoint = "tcp://127.0.0.1:*",
                                                 .secret = curve_pair("hub transport").secret,
                                                 .zap_domain = "hub"}));
      }()) {}

void LyingHub::show(std::vector<v1::LogBatch> batches, std::uint64_t size, const Hash& root) {
  batches_ = std::move(batches);
  size_ = size;
  root_ = root;
}

void LyingHub::send(const std::string& topic, const std::string& message) {
  // A node that went meanwhile is no fault of the test's: what matters is what a node does.
  if (const Result<void> sent = router_.send(routing_id_, {topic, message}); !sent.has_value()) {
    std::cerr << "not sent: " << sent.error().to_string() << "\n";
  }
}

void LyingHub::push_batch(const v1::LogBatch& batch) {
  v1::DownMessage message;
  *message.mutable_batches()->add_batches() = batch;
  message.mutable_batches()->set_log_size(batch.first_index() +
                                          batch.entries().size() / Hash{}.size());
  send("log", message.SerializeAsString());
}

void LyingHub::deliver(std::uint64_t index, std::uint64_t previous, const std::string& envelope) {
  v1::DownMessage message;
  v1::Delivery& delivery = *message.mutable_deliver()->add_deliveries();
  delivery.set_index(index);
  delivery.set_previous(previous);
  delivery.set_envelope(envelope);
  send("to/" + member_, message.SerializeAsString());
}

void LyingHub::serve() {
  while (const std::optional<zmq::Received> received = router_.receive()) {
    v1::UpMessage message;
    ASSERT_TRUE(message.ParseFromString(received->frames.at(0)));
    routing_id_ = received->routing_id;
    v1::DownMessage answer;
    if (message.has_hello()) {
      ++hello_count_;
      cursor_ = message.hello().cursor();
      v1::Welcome& welcome = *answer.mutable_welcome();
      welcome.set_protocol(1);
      welcome.set_genesis(to_string(exchange_.genesis()));
      *welcome.mutable_head() = exchange::tree_head(size_, root_);
      welcome.set_program("lying hub");
      send("control", answer.SerializeAsString());
    } else if (message.has_submit()) {
      ++submit_count_;
      for (const std::string& envelope : message.submit().envelopes()) {
        if (refusal_.has_value()) {
          v1::RefusedItem& item = *answer.mutable_refused()->add_items();
          item.set_notice_id(exchange_.parse(envelope).draft.notice_id());
          item.set_code(static_cast<std::uint32_t>(*refusal_));
        }
      }
      if (answer.has_refused()) {
        send("control", answer.SerializeAsString());
      }
    } else if (message.has_credit()) {
      cursor_ = message.credit().cursor();
    } else if (message.has_fetch() && message.fetch().kind() == v1::FETCH_KIND_BATCHES) {
      answer.mutable_batches()->set_log_size(size_);
      for (const v1::LogBatch& batch : batches_) {
        if (batch.first_index() >= message.fetch().from()) {
          *answer.mutable_batches()->add_batches() = batch;
        }
      }
      send("log", answer.SerializeAsString());
    } else if (message.has_fetch() && message.fetch().kind() == v1::FETCH_KIND_DELIVERIES) {
      for (auto held = held_.lower_bound(message.fetch().from()); held != held_.end(); ++held) {
        deliver(held->first, held->second.first, held->second.second);
      }
    }
  }
}

bool LyingHub::serve_until(const std::function<bool()>& condition,
                           std::chrono::milliseconds patience) {
  return eventually(
      [&] {
        serve();
        return condition();
      },
      patience);
}

}  // namespace chancery::test
