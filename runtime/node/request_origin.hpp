// Who sent a request: someone with the token, this machine's user, or a web page that the user's browser shows and that has no
// business with the cluster. Pure.
#pragma once

#include <string>
#include <string_view>

#include <weir/node/http_head.hpp>

namespace weir {

/// Whether the header is "Bearer" and the token. The time this takes tells nothing of the token but its length.
bool has_token(std::string_view authorization, std::string_view token);

/// Whether no page of another origin sent the request: a browser names the page's origin whenever it differs, and for all but
/// plain reading also when it does not.
bool is_same_origin(const HttpHead& head);

/// Whether a Host header is a name that no stranger can give to this machine: localhost or an IP address, with or without port.
/// Otherwise a page could have its own name point here.
bool is_own_name(std::string_view host);

}  // namespace weir
