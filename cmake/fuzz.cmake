# One file a fuzz target.  With -DDRAFTPROOF_FUZZER=ON (clang) each links libFuzzer; otherwise the driver
# replays files and folders, which ctest does over the kept corpus and the regressions.
set(DRAFTPROOF_FUZZ_ENGINE "-fsanitize=fuzzer" CACHE STRING "What links a fuzzing engine")
file(GLOB FUZZ_SRC CONFIGURE_DEPENDS fuzz/*_fuzz.c)
foreach(src ${FUZZ_SRC})
  get_filename_component(name ${src} NAME_WE)
  if(DRAFTPROOF_FUZZER)
    add_executable(${name} ${src})
    separate_arguments(engine UNIX_COMMAND "${DRAFTPROOF_FUZZ_ENGINE}")
    target_link_libraries(${name} PRIVATE ${engine})
  else()
    add_executable(${name} ${src} fuzz/driver.c)
    add_test(NAME ${name}_corpus COMMAND ${name} ${CMAKE_SOURCE_DIR}/fuzz/corpus/${name}
                                         ${CMAKE_SOURCE_DIR}/fuzz/regress/${name})
    set_tests_properties(${name}_corpus PROPERTIES TIMEOUT 600)
  endif()
  target_link_libraries(${name} PRIVATE run)
endforeach()
# fuzz_notices(TARGET "MISTAKE=WORDS=INPUT"...): with that mistake in the endpoint TARGET_fuzz has to stop at that kept input, and its oracle to say the words.
function(fuzz_notices target)
  add_executable(${target}_negative fuzz/${target}_fuzz.c fuzz/driver.c)
  target_compile_definitions(${target}_negative PRIVATE FUZZ_NEGATIVE)
  target_link_libraries(${target}_negative PRIVATE run)
  foreach(pair ${ARGN})
    string(REPLACE "=" ";" pair "${pair}")
    list(GET pair 0 mutant)
    list(GET pair 1 words)
    list(GET pair 2 input)
    add_test(NAME ${target}_notices_${mutant}
             COMMAND sh -c "\"$1\" \"$2\" 2>&1 | grep \"^oracle:.*$3\"" sh $<TARGET_FILE:${target}_negative>
                     ${CMAKE_SOURCE_DIR}/fuzz/corpus/${target}_fuzz/${input} ${words})
    set_tests_properties(${target}_notices_${mutant} PROPERTIES ENVIRONMENT FUZZ_MUTANT=${mutant} TIMEOUT 120)
  endforeach()
endfunction()
# The rig itself is tested: with a mistake in the endpoint each oracle of the sessions has to stop the program.
if(NOT DRAFTPROOF_FUZZER)
  add_executable(iap_session_negative fuzz/iap_session_fuzz.c fuzz/driver.c)
  target_compile_definitions(iap_session_negative PRIVATE FUZZ_NEGATIVE)
  target_link_libraries(iap_session_negative PRIVATE run)
  foreach(mutant answers-twice lf-only short-code alert-twice one-segment no-deadline content-short newlines
                 keeps-open via-bare)
    add_test(NAME iap_session_notices_${mutant}
             COMMAND sh -c "\"$1\" \"$2\" 2>&1 | grep '^oracle:'" sh $<TARGET_FILE:iap_session_negative>
                     ${CMAKE_SOURCE_DIR}/fuzz/corpus/iap_session_fuzz)
    set_tests_properties(iap_session_notices_${mutant} PROPERTIES ENVIRONMENT FUZZ_MUTANT=${mutant} TIMEOUT 120)
  endforeach()
  # mistake=what the oracle has to say about it=of which input
  fuzz_notices(beep_session
               "two-blanks=single SP=close-crossed"
               "size-over=END CRLF=close-crossed"
               "seqno-one-on=not the expected one=close-crossed"
               "always-more=not complete=close-crossed"
               "reply-twice=answered completely=close-crossed"
               "hasty-msg=does not exist=initiator"
               "answers-bad=goes on behind=close-early"
               "no-window=beyond the window=echo-long"
               "ok-early=ok to a close=close-crossed"
               "replies-reversed=octets were cut=keywords"
               "stays-released=after the release=released-and-on"
               "tls-talks-ready=between ready=initiator-tls"
               "tls-talks-clear=no TLS=initiator-tls"
               "sasl-c-complete=client says=initiator-plain")
  # what the oracle names, and of which input
  fuzz_notices(oe_decision
               "any-id=was_sent=rfc-encrypt"
               "any-place=was_sent=rfc-encrypt"
               "any-question=was_sent=rfc-encrypt"
               "any-owner=was_sent=rfc-other-owner"
               "any-type=was_sent=rfc-other-type"
               "garbage-counts=transcript=rfc-encrypt"
               "ad-always=was_sent=rfc-ignored"
               "takes-unsigned=was_sent=rfc-ignored"
               "to-the-host=was_sent=rfc-encrypt"
               "malformed-taken=was_sent=draft-key-record"
               "fails-open=decision=rfc-paranoid-none"
               "silence-open=decision=rfc-paranoid-silence"
               "deny-asks=queries=rfc-deny"
               "acts-for-any=was_sent=rfc-responder-other-gateway"
               "key-only=was_sent=rfc-responder-other-gateway"
               "gateway-only=was_sent=rfc-responder-record-key"
               "any-signature=was_sent=rfc-responder-other-key"
               "patient=UINT64_MAX=rfc-silence")
endif()
