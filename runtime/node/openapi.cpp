#include <weir/node/openapi.hpp>

#include <map>
#include <string>

#include <nlohmann/json.hpp>

namespace weir {
namespace {

using Json = nlohmann::ordered_json;  // operations stay in this order

/// All but the answers that common_answers() adds to each operation.
constexpr std::string_view kDescription = R"json({
  "openapi": "3.0.3",
  "info": {
    "title": "Weir", "version": "v1",
    "description": "Jobs and nodes of a cluster. Any node takes a request; what concerns the cluster its leader answers."
  },
  "security": [{"token": []}],
  "tags": [
    {"name": "cluster", "description": "the leader answers, whichever node is asked"},
    {"name": "node", "description": "the node that is asked answers"}
  ],
  "paths": {
    "/api/v1/version": {
      "get": {"operationId": "getVersion", "tags": ["cluster"], "summary": "The leader's version of Weir",
        "responses": {"200": {"description": "the version", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/VersionInfo"}}}}}}
    },
    "/api/v1/openapi.json": {
      "get": {"operationId": "getDescription", "tags": ["node"], "summary": "This description",
        "responses": {"200": {"description": "OpenAPI 3.0", "content": {"application/json": {"schema": {"type": "object"}}}}}}
    },
    "/api/v1/nodes": {
      "get": {"operationId": "listNodes", "tags": ["cluster"], "summary": "All nodes that the cluster remembers, by name",
        "responses": {"200": {"description": "the nodes", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NodeList"}}}}}}
    },
    "/api/v1/nodes/{node}": {
      "delete": {"operationId": "forgetNode", "tags": ["cluster"], "summary": "Forgets a node that has left or is away; should it come back, it is a node of the cluster again",
        "parameters": [{"$ref": "#/components/parameters/node"}],
        "responses": {
          "204": {"description": "it is forgotten"},
          "409": {"$ref": "#/components/responses/Conflict"}}}
    },
    "/api/v1/jobs": {
      "get": {"operationId": "listJobs", "tags": ["cluster"], "summary": "All jobs that the cluster remembers, by number",
        "responses": {"200": {"description": "the jobs", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/JobList"}}}}}},
      "post": {"operationId": "submitJob", "tags": ["cluster"], "summary": "Runs the job of a bundle that this node has",
        "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/SubmitRequest"}}}},
        "responses": {
          "200": {"description": "the job of an earlier request with the same token", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/JobInfo"}}}},
          "201": {"description": "the new job", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/JobInfo"}}}},
          "409": {"$ref": "#/components/responses/Conflict"}}}
    },
    "/api/v1/jobs/{id}": {
      "get": {"operationId": "getJob", "tags": ["cluster"], "summary": "One job",
        "parameters": [{"$ref": "#/components/parameters/job"}],
        "responses": {"200": {"description": "the job", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/JobInfo"}}}}}},
      "delete": {"operationId": "forgetJob", "tags": ["cluster"], "summary": "Forgets a job that has ended, with its checkpoints",
        "parameters": [{"$ref": "#/components/parameters/job"}],
        "responses": {
          "204": {"description": "it is forgotten"},
          "409": {"$ref": "#/components/responses/Conflict"}}}
    },
    "/api/v1/jobs/{id}/plan": {
      "get": {"operationId": "getPlan", "tags": ["cluster"], "summary": "What of the job runs chained, and how often",
        "parameters": [{"$ref": "#/components/parameters/job"}],
        "responses": {"200": {"description": "the plan", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/PlanInfo"}}}}}}
    },
    "/api/v1/jobs/{id}/tasks": {
      "get": {"operationId": "listTasks", "tags": ["cluster"], "summary": "The job's tasks and what they did",
        "parameters": [{"$ref": "#/components/parameters/job"}],
        "responses": {"200": {"description": "the tasks", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/TaskList"}}}}}}
    },
    "/api/v1/jobs/{id}/checkpoints": {
      "get": {"operationId": "listCheckpoints", "tags": ["cluster"], "summary": "The job's complete checkpoints",
        "parameters": [{"$ref": "#/components/parameters/job"}],
        "responses": {"200": {"description": "the checkpoints", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/CheckpointList"}}}}}}
    },
    "/api/v1/jobs/{id}/logs": {
      "get": {"operationId": "listLogs", "tags": ["node"], "summary": "The last lines of the job's workers on all nodes",
        "parameters": [{"$ref": "#/components/parameters/job"}, {"name": "lines", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 10000}, "description": "of each node, 200 if absent"}, {"name": "attempt", "in": "query", "schema": {"type": "integer", "minimum": 1}, "description": "if absent the newest that ran on a node, and those before it while there are not as many lines"}],
        "responses": {
          "200": {"description": "the lines", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/LogList"}}}},
          "400": {"$ref": "#/components/responses/BadRequest"},
          "503": {"description": "this node is stopping", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorInfo"}}}},
          "504": {"description": "the other nodes could not be asked in time", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorInfo"}}}}}}
    },
    "/api/v1/jobs/{id}/cancel": {
      "post": {"operationId": "cancelJob", "tags": ["cluster"], "summary": "Ends the job where it is",
        "parameters": [{"$ref": "#/components/parameters/job"}],
        "responses": {
          "202": {"description": "it is to end", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/JobInfo"}}}},
          "409": {"$ref": "#/components/responses/Conflict"}}}
    },
    "/api/v1/jobs/{id}/stop": {
      "post": {"operationId": "stopJob", "tags": ["cluster"], "summary": "Ends the job with a last checkpoint",
        "parameters": [{"$ref": "#/components/parameters/job"}],
        "responses": {
          "202": {"description": "it is to end", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/JobInfo"}}}},
          "409": {"$ref": "#/components/responses/Conflict"}}}
    },
    "/api/v1/jobs/{id}/savepoint": {
      "post": {"operationId": "savepointJob", "tags": ["cluster"], "summary": "Ends the job with a savepoint; of one that has ended, writes the newest checkpoint as one",
        "parameters": [{"$ref": "#/components/parameters/job"}],
        "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/SavepointRequest"}}}},
        "responses": {
          "200": {"description": "the job had ended, and the savepoint is written", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/JobInfo"}}}},
          "202": {"description": "it is to end", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/JobInfo"}}}},
          "409": {"$ref": "#/components/responses/Conflict"}}}
    },
    "/api/v1/bundles": {
      "post": {"operationId": "uploadBundle", "tags": ["node"], "summary": "Stores a job's shared object on this node",
        "requestBody": {"required": true, "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}},
        "responses": {
          "201": {"description": "it is stored", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/BundleInfo"}}}},
          "500": {"$ref": "#/components/responses/OurFault"},
          "503": {"description": "as many bundles come in as this node takes at once; try again", "headers": {"Retry-After": {"schema": {"type": "integer"}, "description": "seconds"}}, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorInfo"}}}},
          "507": {"description": "this node's disk has no room for it", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorInfo"}}}}}}
    },
    "/api/v1/bundles/{sha256}": {
      "get": {"operationId": "getBundle", "tags": ["node"], "summary": "Whether this node has a bundle",
        "parameters": [{"name": "sha256", "in": "path", "required": true, "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"}}],
        "responses": {"200": {"description": "it has", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/BundleInfo"}}}}}}
    },
    "/metrics": {
      "get": {"operationId": "getMetrics", "tags": ["cluster"], "summary": "The cluster's figures for Prometheus; any node answers for all, so one is scraped",
        "responses": {"200": {"description": "text format 0.0.4", "content": {"text/plain": {"schema": {"type": "string"}}}}}}
    },
    "/healthz": {
      "get": {"operationId": "getHealth", "tags": ["node"], "summary": "Whether this node has a leader to ask",
        "security": [],
        "responses": {
          "200": {"description": "it has", "content": {"text/plain": {"schema": {"type": "string"}}}},
          "503": {"description": "it has not", "content": {"text/plain": {"schema": {"type": "string"}}}}}}
    },
    "/livez": {
      "get": {"operationId": "getLiveness", "tags": ["node"], "summary": "That this node answers, whether or not it has a leader",
        "security": [],
        "responses": {"200": {"description": "it does", "content": {"text/plain": {"schema": {"type": "string"}}}}}}
    }
  },
  "components": {
    "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "where the node has a token"}},
    "parameters": {
      "job": {"name": "id", "in": "path", "required": true, "schema": {"type": "integer", "minimum": 1}, "description": "a job's number"},
      "node": {"name": "node", "in": "path", "required": true, "schema": {"type": "string", "pattern": "^[0-9a-f]{16}$"}, "description": "a node's id"}
    },
    "responses": {
      "BadRequest": {"description": "the request is not understood; the error names the field", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorInfo"}}}},
      "Unauthorized": {"description": "the token is missing or wrong", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorInfo"}}}},
      "Forbidden": {"description": "a page of another origin asks, or by a name that is not this machine's", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorInfo"}}}},
      "NotFound": {"description": "there is no such thing", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorInfo"}}}},
      "Conflict": {"description": "it cannot be so as things are", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorInfo"}}}},
      "TooLarge": {"description": "the body is too large", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorInfo"}}}},
      "WrongKind": {"description": "the body is compressed or of several parts", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorInfo"}}}},
      "OurFault": {"description": "this node cannot do it: its disk, or a mistake in Weir", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorInfo"}}}},
      "NoLeader": {"description": "the cluster has no leader now; try again", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorInfo"}}}},
      "NoAnswer": {"description": "the leader did not answer in time; what was asked for may still happen", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorInfo"}}}}
    },
    "schemas": {
      "ErrorInfo": {
        "type": "object", "required": ["error"], "additionalProperties": false,
        "properties": {
          "error": {"type": "string", "description": "one line, for people"}
        }
      },
      "VersionInfo": {
        "type": "object", "required": ["version", "api"], "additionalProperties": false,
        "properties": {
          "version": {"type": "string", "description": "of Weir"},
          "api": {"type": "string", "enum": ["v1"]}
        }
      },
      "NodeInfo": {
        "type": "object", "required": ["id", "name", "address", "http", "status", "leader", "eligible", "slots", "slots_used", "version"], "additionalProperties": false,
        "properties": {
          "id": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
          "name": {"type": "string"},
          "address": {"type": "string", "description": "HOST:PORT, for other nodes"},
          "http": {"type": "string", "description": "HOST:PORT, for people and scripts"},
          "status": {"type": "string", "enum": ["up", "suspect", "draining", "left", "away"]},
          "leader": {"type": "boolean"},
          "eligible": {"type": "boolean", "description": "it may lead"},
          "slots": {"type": "integer", "minimum": 0, "description": "0 while it is away"},
          "slots_used": {"type": "integer", "minimum": 0, "description": "by jobs that have not ended"},
          "version": {"type": "string", "description": "of Weir; empty while it is away"}
        }
      },
      "NodeList": {
        "type": "object", "required": ["nodes"], "additionalProperties": false,
        "properties": {
          "nodes": {"type": "array", "items": {"$ref": "#/components/schemas/NodeInfo"}}
        }
      },
      "CheckpointInfo": {
        "type": "object", "required": ["id", "kind", "attempt", "completed_ms", "bytes", "parts"], "additionalProperties": false,
        "properties": {
          "id": {"type": "integer", "minimum": 0},
          "kind": {"type": "string", "enum": ["checkpoint", "savepoint"]},
          "attempt": {"type": "integer", "minimum": 0},
          "completed_ms": {"type": "integer", "description": "milliseconds since 1970, UTC"},
          "bytes": {"type": "integer", "minimum": 0, "description": "of all its parts, also those that older checkpoints wrote"},
          "parts": {"type": "integer", "minimum": 0},
          "duration_ms": {"type": "integer", "minimum": 0, "description": "of the newest while its job runs"}
        }
      },
      "CheckpointList": {
        "type": "object", "description": "the complete ones that are retained, newest first", "required": ["checkpoints"], "additionalProperties": false,
        "properties": {
          "checkpoints": {"type": "array", "items": {"$ref": "#/components/schemas/CheckpointInfo"}}
        }
      },
      "JobInfo": {
        "type": "object", "required": ["id", "name", "status", "message", "bundle", "options", "parallelism", "key_groups", "attempt", "restarts", "submitted_ms", "records_read", "records_written", "last_lines"], "additionalProperties": false,
        "properties": {
          "id": {"type": "integer", "minimum": 0},
          "name": {"type": "string"},
          "status": {"type": "string", "enum": ["waiting", "starting", "running", "restarting", "stopping", "finished", "stopped", "cancelled", "failed"]},
          "message": {"type": "string", "description": "why it waits, moves, restarts or failed; empty: nothing is to be said"},
          "bundle": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SHA-256 of the bundle"},
          "options": {"type": "object", "additionalProperties": {"type": "string"}},
          "parallelism": {"type": "integer", "minimum": 0},
          "key_groups": {"type": "integer", "minimum": 0},
          "attempt": {"type": "integer", "minimum": 0, "description": "0: none has begun"},
          "restarts": {"type": "integer", "minimum": 0, "description": "attempts after the first"},
          "submitted_ms": {"type": "integer", "description": "milliseconds since 1970, UTC"},
          "ended_ms": {"type": "integer", "description": "milliseconds since 1970, UTC"},
          "newest_checkpoint": {"$ref": "#/components/schemas/CheckpointInfo"},
          "from_savepoint": {"type": "string", "description": "the directory it started from"},
          "savepoint": {"type": "string", "description": "the directory it is to end or has ended with; in the answer to a wish for one of a job that has ended, where that is"},
          "records_read": {"type": "integer", "minimum": 0, "description": "by sources, in this attempt"},
          "records_written": {"type": "integer", "minimum": 0, "description": "by sinks, in this attempt"},
          "last_lines": {"type": "array", "items": {"type": "string"}, "description": "of the worker that last ended without being told to: which that was, when and how it ended, then the last lines of its log"}
        }
      },
      "JobList": {
        "type": "object", "required": ["jobs"], "additionalProperties": false,
        "properties": {
          "jobs": {"type": "array", "items": {"$ref": "#/components/schemas/JobInfo"}}
        }
      },
      "TaskInfo": {
        "type": "object", "description": "what a task did since the attempt began", "required": ["id", "name", "vertex", "index", "node", "records_in", "records_out", "records_read", "records_written", "records_dropped", "busy_ms", "longest_pause_ms", "state_bytes", "blocked"], "additionalProperties": false,
        "properties": {
          "id": {"type": "integer", "minimum": 0},
          "name": {"type": "string"},
          "vertex": {"type": "integer", "minimum": 0},
          "index": {"type": "integer", "minimum": 0, "description": "among the tasks of its vertex"},
          "node": {"type": "string", "description": "its name; empty while it is not placed"},
          "records_in": {"type": "integer", "minimum": 0},
          "records_out": {"type": "integer", "minimum": 0},
          "records_read": {"type": "integer", "minimum": 0},
          "records_written": {"type": "integer", "minimum": 0},
          "records_dropped": {"type": "integer", "minimum": 0},
          "busy_ms": {"type": "number"},
          "longest_pause_ms": {"type": "number", "description": "the longest single step of a snapshot"},
          "state_bytes": {"type": "integer", "minimum": 0},
          "watermark_ms": {"type": "integer", "description": "absent before the first, and after the end of its input; milliseconds since 1970"},
          "blocked": {"type": "boolean", "description": "it waits for a slower one"}
        }
      },
      "TaskList": {
        "type": "object", "description": "empty until a worker has planned the job", "required": ["tasks"], "additionalProperties": false,
        "properties": {
          "tasks": {"type": "array", "items": {"$ref": "#/components/schemas/TaskInfo"}}
        }
      },
      "OperatorInfo": {
        "type": "object", "required": ["name", "kind"], "additionalProperties": false,
        "properties": {
          "name": {"type": "string"},
          "kind": {"type": "string", "enum": ["source", "operator", "sink"]}
        }
      },
      "VertexInfo": {
        "type": "object", "description": "a chain of operators that a task runs", "required": ["id", "name", "parallelism", "operators"], "additionalProperties": false,
        "properties": {
          "id": {"type": "integer", "minimum": 0},
          "name": {"type": "string"},
          "parallelism": {"type": "integer", "minimum": 0},
          "operators": {"type": "array", "items": {"$ref": "#/components/schemas/OperatorInfo"}}
        }
      },
      "EdgeInfo": {
        "type": "object", "required": ["from", "to", "routing"], "additionalProperties": false,
        "properties": {
          "from": {"type": "integer", "minimum": 0, "description": "a vertex"},
          "to": {"type": "integer", "minimum": 0, "description": "a vertex"},
          "routing": {"type": "string", "enum": ["forward", "key", "rebalance", "rescale", "shuffle", "broadcast", "global", "custom"]}
        }
      },
      "PlanInfo": {
        "type": "object", "description": "empty until a worker has planned the job", "required": ["vertices", "edges"], "additionalProperties": false,
        "properties": {
          "vertices": {"type": "array", "items": {"$ref": "#/components/schemas/VertexInfo"}},
          "edges": {"type": "array", "items": {"$ref": "#/components/schemas/EdgeInfo"}}
        }
      },
      "RestartRequest": {
        "type": "object", "description": "what is absent has its default", "additionalProperties": false,
        "properties": {
          "attempts": {"type": "integer", "minimum": 1, "description": "tries at the same failure before the job fails"},
          "in_vain": {"type": "integer", "minimum": 0, "description": "failures in a row without a new checkpoint before the job fails"},
          "first_delay_ms": {"type": "integer", "minimum": 0},
          "longest_delay_ms": {"type": "integer", "minimum": 0},
          "factor": {"type": "number", "minimum": 1, "description": "of each delay to the one before"}
        }
      },
      "SubmitRequest": {
        "type": "object", "description": "what is absent has its default", "required": ["bundle"], "additionalProperties": false,
        "properties": {
          "bundle": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SHA-256 of the bundle"},
          "name": {"type": "string", "description": "absent: the one in the bundle"},
          "options": {"type": "object", "additionalProperties": {"type": "string"}},
          "parallelism": {"type": "integer", "minimum": 1},
          "key_groups": {"type": "integer", "minimum": 1, "maximum": 32768},
          "checkpoint_interval_ms": {"type": "integer", "minimum": 1, "description": "absent: 10000"},
          "alignment_limit_ms": {"type": "integer", "minimum": 0, "description": "then a barrier overtakes what is before it"},
          "retained": {"type": "integer", "minimum": 1, "maximum": 1000, "description": "complete checkpoints"},
          "replication": {"type": "integer", "minimum": 1, "description": "nodes that keep each part of a checkpoint, if there are as many"},
          "restart": {"$ref": "#/components/schemas/RestartRequest"},
          "from_savepoint": {"type": "string", "description": "an absolute path that every node can read"},
          "token": {"type": "string", "description": "submitting again with the same one finds the job of the first time"},
          "writes": {"type": "array", "items": {"type": "string"}, "description": "files that the job writes; the node finds them out, whatever is said here"}
        }
      },
      "SavepointRequest": {
        "type": "object", "required": ["directory"], "additionalProperties": false,
        "properties": {
          "directory": {"type": "string", "description": "an absolute path that every node can write"}
        }
      },
      "BundleInfo": {
        "type": "object", "required": ["bundle", "job", "bytes"], "additionalProperties": false,
        "properties": {
          "bundle": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SHA-256 of the bundle"},
          "job": {"type": "string", "description": "its name"},
          "bytes": {"type": "integer", "minimum": 0}
        }
      },
      "LogInfo": {
        "type": "object", "description": "what a worker of one attempt wrote last on one node", "required": ["node", "attempt", "lines"], "additionalProperties": false,
        "properties": {
          "node": {"type": "string", "description": "its name"},
          "attempt": {"type": "integer", "minimum": 0},
          "ended": {"type": "string", "description": "how the worker ended; absent while it runs, and when it was told to"},
          "lines": {"type": "array", "items": {"type": "string"}, "description": "oldest first"}
        }
      },
      "LogList": {
        "type": "object", "required": ["job", "logs", "silent"], "additionalProperties": false,
        "properties": {
          "job": {"type": "integer", "minimum": 0},
          "logs": {"type": "array", "items": {"$ref": "#/components/schemas/LogInfo"}, "description": "by attempt, then by node"},
          "silent": {"type": "array", "items": {"type": "string"}, "description": "names of nodes that did not answer in time: what the job may have printed there is missing"}
        }
      }
    }
  }
}
)json";

/// What else may be answered, by what kind of operation it is: each status and its name among the components.
std::map<std::string, std::string> common_answers(const std::string& path, const std::string& method, const Json& operation) {
  if (operation.contains("security")) return {};  // anyone may ask, for nothing in particular
  std::map<std::string, std::string> answers = {{"401", "Unauthorized"}, {"403", "Forbidden"}};
  if (path.find('{') != path.npos) answers.emplace("404", "NotFound");
  if (method == "post") answers.insert({{"400", "BadRequest"}, {"413", "TooLarge"}, {"415", "WrongKind"}});
  if (operation["tags"][0] == "cluster") answers.insert({{"503", "NoLeader"}, {"504", "NoAnswer"}});
  return answers;
}

std::string whole_description() {
  Json description = Json::parse(kDescription);
  for (const auto& [path, operations] : description["paths"].items()) {
    for (const auto& [method, operation] : operations.items()) {
      auto responses = operation["responses"].get<std::map<std::string, Json>>();  // by status
      for (const auto& [status, name] : common_answers(path, method, operation)) {
        responses.emplace(status, Json::object({{"$ref", "#/components/responses/" + name}}));
      }
      operation["responses"] = responses;
    }
  }
  return description.dump(2) + "\n";
}

}  // namespace

std::string_view openapi_description() {
  static const std::string description = whole_description();
  return description;
}

}  // namespace weir
