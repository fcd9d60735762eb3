#include "core/exchange/draft_form.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "chancery/v1/envelope.pb.h"

namespace chancery::exchange {
namespace {

v1::Draft of_many() {
  v1::Draft draft;
  draft.set_origin("AM");
  draft.set_notice_id(std::string(16, 'i'));
  draft.set_kind("contact");
  draft.set_status(v1::STATUS_ACTUAL);
  draft.set_precedence(v1::PRECEDENCE_ROUTINE);
  draft.mutable_label()->set_classification("RESTRICTED");
  draft.mutable_label()->add_handling("MEMBERS-ONLY");
  draft.mutable_label()->set_tlp(v1::TLP_AMBER);
  for (const char* const member : {"BY", "KG", "RU"}) {
    v1::Recipient& recipient = *draft.add_recipients();
    recipient.set_member(member);
    recipient.set_role(v1::RECIPIENT_ROLE_ACTION);
  }
  draft.set_expires_at_ms(1'700'000'000'000);
  draft.set_text_digest(std::string(32, 'd'));
  return draft;
}

std::string changed(const std::function<void(v1::Draft&)>& change) {
  v1::Draft draft = of_many();
  change(draft);
  return draft.SerializeAsString();
}

TEST(DraftFormTest, OneWithAnotherIdAndDigestFits) {
  const DraftForm form(of_many().SerializeAsString());
  const std::string other = changed([](v1::Draft& draft) {
    draft.set_notice_id("0123456789abcdef");
    draft.set_text_digest("0123456789abcdef0123456789abcdef");
  });
  EXPECT_TRUE(form.fits(other));
  EXPECT_EQ(form.notice_id(other), "0123456789abcdef");
  EXPECT_EQ(form.text_digest(other), "0123456789abcdef0123456789abcdef");
  EXPECT_TRUE(form.fits(of_many().SerializeAsString()));
}

TEST(DraftFormTest, OneThatSaysAnythingElseDoesNot) {
  const DraftForm form(of_many().SerializeAsString());
  const std::function<void(v1::Draft&)> changes[] = {
      [](v1::Draft& draft) { draft.set_origin("AZ"); },
      [](v1::Draft& draft) { draft.set_kind("contacT"); },
      [](v1::Draft& draft) { draft.set_status(v1::STATUS_EXERCISE); },
      [](v1::Draft& draft) { draft.set_precedence(v1::PRECEDENCE_FLASH); },
      [](v1::Draft& draft) { draft.mutable_label()->set_classification("RESTRICTEE"); },
      [](v1::Draft& draft) { draft.mutable_label()->set_handling(0, "MEMBERS-ONLX"); },
      [](v1::Draft& draft) { draft.mutable_label()->set_tlp(v1::TLP_RED); },
      [](v1::Draft& draft) { draft.clear_label(); },
      [](v1::Draft& draft) { draft.mutable_recipients(0)->set_member("BX"); },
      [](v1::Draft& draft) { draft.mutable_recipients(2)->set_role(v1::RECIPIENT_ROLE_INFO); },
      [](v1::Draft& draft) { draft.mutable_recipients()->RemoveLast(); },
      [](v1::Draft& draft) { draft.set_expires_at_ms(1'700'000'000'001); },
      [](v1::Draft& draft) { draft.clear_expires_at_ms(); },
      [](v1::Draft& draft) { draft.set_notice_id(std::string(15, 'i')); },
      [](v1::Draft& draft) { draft.set_text_digest(std::string(33, 'd')); },
      [](v1::Draft& draft) { draft.clear_text_digest(); },
      [](v1::Draft& draft) {  // As many bytes, in other places.
        draft.set_notice_id(std::string(17, 'i'));
        draft.set_text_digest(std::string(31, 'd'));
      },
      [](v1::Draft& draft) { draft.Clear(); },
  };
  for (const std::function<void(v1::Draft&)>& change : changes) {
    EXPECT_FALSE(form.fits(changed(change)));
  }
}

TEST(DraftFormTest, NothingFitsTheFormOfNone) {
  EXPECT_FALSE(DraftForm().fits(of_many().SerializeAsString()));
  EXPECT_FALSE(DraftForm().fits(""));
}

}  // namespace
}  // namespace chancery::exchange
