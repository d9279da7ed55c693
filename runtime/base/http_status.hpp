// HTTP's status codes that are answered or looked for here (RFC 9110, section 15; 431: RFC 6585; 507: RFC 4918).
#pragma once

#include <cstdint>

namespace weir::http {

enum Status : std::uint32_t {
  kOk = 200,
  kCreated = 201,
  kAccepted = 202,
  kNoContent = 204,
  kBadRequest = 400,
  kUnauthorized = 401,
  kForbidden = 403,
  kNotFound = 404,
  kWrongMethod = 405,
  kConflict = 409,
  kLengthRequired = 411,
  kTooLarge = 413,
  kTargetTooLong = 414,
  kWrongKind = 415,
  kHeadersTooLarge = 431,
  kOurFault = 500,
  kUnavailable = 503,
  kNoAnswer = 504,
  kNoRoom = 507,
};

}  // namespace weir::http
