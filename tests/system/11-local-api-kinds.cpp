// What does not keep the rules of its kind: refused by the node of whoever makes it, shown by the
// nodes of those who get it.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "chancery/v1/local.pb.h"
#include "io/text/json.h"
#include "io/zmq/poller.h"
#include "tests/system/support/link_test.h"

namespace chancery::test {
namespace {

class LocalApiKindsTest : public LinkTest {
 protected:
  // An application that has a key, and neither our command nor our library.
  v1::LocalReply ask(const v1::LocalRequest& request) {
    zmq::Dealer dealer = must(
        zmq::Dealer::connect(context_, {.endpoint = "ipc://" + folder_ / "BY/run/local.sock",
                                        .own = curve_pair("BY desk"),
                                        .server_public = curve_pair("BY node 1 local").public_key,
                                        .immediate = true}));
    zmq::Poller poller;
    poller.add(dealer);
    EXPECT_TRUE(eventually([&] { return dealer.send({request.SerializeAsString()}).has_value(); }));
    v1::LocalReply reply;
    EXPECT_TRUE(eventually([&] {
      static_cast<void>(must(poller.wait(std::chrono::milliseconds(100))));
      const auto frames = dealer.receive();
      return frames.has_value() && reply.ParseFromString(frames->front());
    }));
    return reply;
  }

  static v1::LocalRequest publication(const std::string& text) {
    v1::LocalRequest request;
    request.set_request_id(1);
    v1::PublishRequest& publish = *request.mutable_publish();
    publish.set_notice_id(seeded_uuid("past the command", 1));
    publish.set_kind("threat.alert");
    publish.set_status(v1::STATUS_TEST);
    publish.set_precedence(v1::PRECEDENCE_ROUTINE);
    publish.add_recipients()->set_member("KZ");
    publish.mutable_recipients(0)->set_role(v1::RECIPIENT_ROLE_ACTION);
    publish.set_text(text);
    return request;
  }
};

// C-175
TEST_F(LocalApiKindsTest, WhoComesWithoutOurCommandIsRefusedAndToldAllThatIsWrong) {
  const v1::LocalReply refused = ask(publication(text_with("Nothing said")));
  ASSERT_TRUE(refused.has_error()) << refused.ShortDebugString();
  EXPECT_EQ(refused.error().code(), std::to_underlying(ErrorCode::kInvalidKind));
  for (const char* const part : {"category is missing: give one of THREAT_CATEGORY_TERRORISM",
                                 "summary is missing: give", "chancery kinds threat.alert"}) {
    EXPECT_NE(refused.error().text().find(part), std::string::npos) << refused.error().text();
  }
  EXPECT_EQ(node_->count("outbox", "queued"), 0U);
  EXPECT_TRUE(ask(publication(TestExchange::text_of("All said", "threat.alert"))).has_publish());
}

// C-175: other software signed it, the hub logged it, and nobody refuses it for that.
TEST_F(LocalApiKindsTest, WhatOtherSoftwareMadeIsShownWithItsProblems) {
  ASSERT_EQ(hostile_->answer_to_envelope(author_.publish("AM", {"BY"}, "Nothing said")),
            "accepted");
  ASSERT_TRUE(eventually([&] {
    return node_->subjects() == std::vector<std::string>{"Nothing said"};
  })) << node_->daemon().log();
  const Ran inbox = chancery({"inbox", "--client", node_->client(), "--json"});
  const text::Json notice = inbox.json().at("notices").at(0);
  EXPECT_EQ(notice.at("problems").size(), 2U) << inbox.output;
  const std::string name = notice.at("notice").get<std::string>();
  const Ran shown = chancery({"show", name, "--client", node_->client()});
  EXPECT_EQ(shown.code, 0);
  EXPECT_NE(shown.output.find("Not in order  summary is missing: give a text"), std::string::npos)
      << shown.output;
  const Ran russian = chancery({"show", name, "--client", node_->client(), "--language", "ru"});
  EXPECT_NE(russian.output.find("Нарушение       summary is missing"), std::string::npos)
      << russian.output;
}

}  // namespace
}  // namespace chancery::test
