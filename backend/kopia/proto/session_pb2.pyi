from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SessionRequest(_message.Message):
    __slots__ = ("request_id", "trace_context", "initialize_session", "flush", "get_manifest", "put_manifest", "find_manifests", "delete_manifest")
    class TraceContextEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TRACE_CONTEXT_FIELD_NUMBER: _ClassVar[int]
    INITIALIZE_SESSION_FIELD_NUMBER: _ClassVar[int]
    FLUSH_FIELD_NUMBER: _ClassVar[int]
    GET_MANIFEST_FIELD_NUMBER: _ClassVar[int]
    PUT_MANIFEST_FIELD_NUMBER: _ClassVar[int]
    FIND_MANIFESTS_FIELD_NUMBER: _ClassVar[int]
    DELETE_MANIFEST_FIELD_NUMBER: _ClassVar[int]
    request_id: int
    trace_context: _containers.ScalarMap[str, str]
    initialize_session: InitializeSessionRequest
    flush: FlushRequest
    get_manifest: GetManifestRequest
    put_manifest: PutManifestRequest
    find_manifests: FindManifestsRequest
    delete_manifest: DeleteManifestRequest
    def __init__(self, request_id: _Optional[int] = ..., trace_context: _Optional[_Mapping[str, str]] = ..., initialize_session: _Optional[_Union[InitializeSessionRequest, _Mapping]] = ..., flush: _Optional[_Union[FlushRequest, _Mapping]] = ..., get_manifest: _Optional[_Union[GetManifestRequest, _Mapping]] = ..., put_manifest: _Optional[_Union[PutManifestRequest, _Mapping]] = ..., find_manifests: _Optional[_Union[FindManifestsRequest, _Mapping]] = ..., delete_manifest: _Optional[_Union[DeleteManifestRequest, _Mapping]] = ...) -> None: ...

class SessionResponse(_message.Message):
    __slots__ = ("request_id", "has_more", "error", "initialize_session", "flush", "get_manifest", "put_manifest", "find_manifests", "delete_manifest")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    HAS_MORE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    INITIALIZE_SESSION_FIELD_NUMBER: _ClassVar[int]
    FLUSH_FIELD_NUMBER: _ClassVar[int]
    GET_MANIFEST_FIELD_NUMBER: _ClassVar[int]
    PUT_MANIFEST_FIELD_NUMBER: _ClassVar[int]
    FIND_MANIFESTS_FIELD_NUMBER: _ClassVar[int]
    DELETE_MANIFEST_FIELD_NUMBER: _ClassVar[int]
    request_id: int
    has_more: bool
    error: ErrorResponse
    initialize_session: InitializeSessionResponse
    flush: FlushResponse
    get_manifest: GetManifestResponse
    put_manifest: PutManifestResponse
    find_manifests: FindManifestsResponse
    delete_manifest: DeleteManifestResponse
    def __init__(self, request_id: _Optional[int] = ..., has_more: _Optional[bool] = ..., error: _Optional[_Union[ErrorResponse, _Mapping]] = ..., initialize_session: _Optional[_Union[InitializeSessionResponse, _Mapping]] = ..., flush: _Optional[_Union[FlushResponse, _Mapping]] = ..., get_manifest: _Optional[_Union[GetManifestResponse, _Mapping]] = ..., put_manifest: _Optional[_Union[PutManifestResponse, _Mapping]] = ..., find_manifests: _Optional[_Union[FindManifestsResponse, _Mapping]] = ..., delete_manifest: _Optional[_Union[DeleteManifestResponse, _Mapping]] = ...) -> None: ...

class ErrorResponse(_message.Message):
    __slots__ = ("code", "message")
    class Code(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNKNOWN_ERROR: _ClassVar[ErrorResponse.Code]
        CLIENT_ERROR: _ClassVar[ErrorResponse.Code]
        CONTENT_NOT_FOUND: _ClassVar[ErrorResponse.Code]
        MANIFEST_NOT_FOUND: _ClassVar[ErrorResponse.Code]
        OBJECT_NOT_FOUND: _ClassVar[ErrorResponse.Code]
        ACCESS_DENIED: _ClassVar[ErrorResponse.Code]
        STREAM_BROKEN: _ClassVar[ErrorResponse.Code]
    UNKNOWN_ERROR: ErrorResponse.Code
    CLIENT_ERROR: ErrorResponse.Code
    CONTENT_NOT_FOUND: ErrorResponse.Code
    MANIFEST_NOT_FOUND: ErrorResponse.Code
    OBJECT_NOT_FOUND: ErrorResponse.Code
    ACCESS_DENIED: ErrorResponse.Code
    STREAM_BROKEN: ErrorResponse.Code
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: ErrorResponse.Code
    message: str
    def __init__(self, code: _Optional[_Union[ErrorResponse.Code, str]] = ..., message: _Optional[str] = ...) -> None: ...

class InitializeSessionRequest(_message.Message):
    __slots__ = ("purpose", "read_only")
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    READ_ONLY_FIELD_NUMBER: _ClassVar[int]
    purpose: str
    read_only: bool
    def __init__(self, purpose: _Optional[str] = ..., read_only: _Optional[bool] = ...) -> None: ...

class InitializeSessionResponse(_message.Message):
    __slots__ = ("parameters",)
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    parameters: RepositoryParameters
    def __init__(self, parameters: _Optional[_Union[RepositoryParameters, _Mapping]] = ...) -> None: ...

class RepositoryParameters(_message.Message):
    __slots__ = ("hash_function", "splitter", "supports_content_compression")
    HASH_FUNCTION_FIELD_NUMBER: _ClassVar[int]
    SPLITTER_FIELD_NUMBER: _ClassVar[int]
    SUPPORTS_CONTENT_COMPRESSION_FIELD_NUMBER: _ClassVar[int]
    hash_function: str
    splitter: str
    supports_content_compression: bool
    def __init__(self, hash_function: _Optional[str] = ..., splitter: _Optional[str] = ..., supports_content_compression: _Optional[bool] = ...) -> None: ...

class ManifestEntryMetadata(_message.Message):
    __slots__ = ("id", "mod_time_nanos", "length", "labels")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    MOD_TIME_NANOS_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    id: str
    mod_time_nanos: int
    length: int
    labels: _containers.ScalarMap[str, str]
    def __init__(self, id: _Optional[str] = ..., mod_time_nanos: _Optional[int] = ..., length: _Optional[int] = ..., labels: _Optional[_Mapping[str, str]] = ...) -> None: ...

class FindManifestsRequest(_message.Message):
    __slots__ = ("labels", "page_size")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    LABELS_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    labels: _containers.ScalarMap[str, str]
    page_size: int
    def __init__(self, labels: _Optional[_Mapping[str, str]] = ..., page_size: _Optional[int] = ...) -> None: ...

class FindManifestsResponse(_message.Message):
    __slots__ = ("metadata",)
    METADATA_FIELD_NUMBER: _ClassVar[int]
    metadata: _containers.RepeatedCompositeFieldContainer[ManifestEntryMetadata]
    def __init__(self, metadata: _Optional[_Iterable[_Union[ManifestEntryMetadata, _Mapping]]] = ...) -> None: ...

class GetManifestRequest(_message.Message):
    __slots__ = ("manifest_id",)
    MANIFEST_ID_FIELD_NUMBER: _ClassVar[int]
    manifest_id: str
    def __init__(self, manifest_id: _Optional[str] = ...) -> None: ...

class GetManifestResponse(_message.Message):
    __slots__ = ("json_data", "metadata")
    JSON_DATA_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    json_data: bytes
    metadata: ManifestEntryMetadata
    def __init__(self, json_data: _Optional[bytes] = ..., metadata: _Optional[_Union[ManifestEntryMetadata, _Mapping]] = ...) -> None: ...

class PutManifestRequest(_message.Message):
    __slots__ = ("json_data", "labels")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    JSON_DATA_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    json_data: bytes
    labels: _containers.ScalarMap[str, str]
    def __init__(self, json_data: _Optional[bytes] = ..., labels: _Optional[_Mapping[str, str]] = ...) -> None: ...

class PutManifestResponse(_message.Message):
    __slots__ = ("manifest_id",)
    MANIFEST_ID_FIELD_NUMBER: _ClassVar[int]
    manifest_id: str
    def __init__(self, manifest_id: _Optional[str] = ...) -> None: ...

class DeleteManifestRequest(_message.Message):
    __slots__ = ("manifest_id",)
    MANIFEST_ID_FIELD_NUMBER: _ClassVar[int]
    manifest_id: str
    def __init__(self, manifest_id: _Optional[str] = ...) -> None: ...

class DeleteManifestResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class FlushRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class FlushResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
