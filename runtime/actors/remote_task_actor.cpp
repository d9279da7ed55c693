#include <weir/actors/remote_task_actor.hpp>

#include <caf/all.hpp>

#include <weir/actors/link_actor.hpp>
#include <weir/actors/messages.hpp>
#include <weir/base/exception_text.hpp>

namespace weir {

caf::behavior remote_task_actor(caf::event_based_actor* self, RemoteTaskOptions options) {
  return {
      [self, options](const message::Deliver& deliver) {
        try {
          auto item = std::make_shared<wire::EncodedItem>(wire::encode_element(options.task, deliver.channel, *deliver.element));
          self->send(options.link, message::Outgoing{std::move(item)});
        } catch (...) {
          self->send(options.worker, message::LinkLost{options.peer, "what was to be sent cannot be encoded: " + current_exception_text()});
        }
      },
      [self, options](const message::Credit& credit) {
        auto item = std::make_shared<wire::EncodedItem>(wire::encode_credit(options.task, credit.edge, credit.channel, credit.grant));
        self->send(options.link, message::Outgoing{std::move(item)});
      },
  };
}

}  // namespace weir
