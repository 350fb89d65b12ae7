-- Which role may call what. Everything is taken away first, so that this file is the whole
-- truth; roles have no privilege on any table.

set search_path = cs, pg_temp;

do $$
declare
    list record;
    name text;
    routine regprocedure;
begin
    revoke all on all functions in schema cs from public, countersign_api, countersign_worker,
        countersign_operator, countersign_sealer, countersign_auditor, countersign_verifier;
    for list in select * from (values
        ('countersign_api', 'submit_requests revise_requests decision_terms quorum_warning
            decide_requests decision_barred
            break_glass_requests undo_decisions cancel_requests settle_requests run_again
            login_lookup login_success
            login_failure link_consume session_check token_check session_close sessions_close
            session_is_fresh confirm_count reauthenticate factor_state factor_of_link
            factor_offer factor_offered factor_confirm factor_remove proxy_sign_in oidc_begin
            oidc_take names_beside oidc_sign_in oidc_confirm identity_link sessions_list
            password_get password_set team_create teams_list person_create person_change people_list
            login_link_create token_create token_revoke tokens_list upload_begin upload_chunk_put
            upload_finish upload_drop file_get file_chunk output_item_get output_chunk_get
            output_begin file_begin output_follow
            request_list request_get request_state revision_get request_audit events_between
            events_now streams_over me instance_get ready_check fleet pause_set pause_clear metrics
            audit_questions audit_query audit_head audit_verified request_unseen request_seen
            policy_rules policy_rules_version policy_rules_for policy_version_for
            requests_to_judge judge_requests retention_list retention_terms
            retention_propose retention_agree retention_withdraw budgets_list budget_set
            budget_end'),
        ('countersign_worker', 'worker_hello worker_bye worker_report heartbeat claim_attempts
            attempt_file_chunk start_attempts mark_attempts_running release_attempts
            attempt_standing output_chunk_put finish_attempts sweep adopt_attempts adoption_end
            orphans janitor_deleted worker_is_alive ready_check policy_rules policy_rules_version'),
        ('countersign_operator', 'operator_team_add operator_teams operator_person_add
            operator_people operator_person_update operator_link_add operator_token_add
            operator_tokens operator_token_revoke
            operator_factor_reset operator_quorum operator_quorum_set
            operator_groups operator_group_set operator_break_glass operator_pause
            workers_list metrics instance_get ready_check audit_questions operator_audit_query
            operator_audit_verified policy_rules policy_rules_version operator_policy_versions
            operator_policy_set operator_retention operator_retention_drop operator_budgets
            operator_budget_set operator_budget_end'),
        ('countersign_sealer', 'seal_lock seal_take seal_put seals_from head_lock heads_unsent
            head_sent_put'),
        ('countersign_auditor', 'unapproved_runs broken_chains request_clock clock_due budget_scope
            budget_state period_end'))
            l (role, functions)
    loop
        foreach name in array regexp_split_to_array(list.functions, '\s+') loop
            for routine in select p.oid from pg_proc p
                           where p.pronamespace = 'cs'::regnamespace and p.proname = name loop
                execute format('grant execute on function %s to %I', routine, list.role);
            end loop;
            if not found then
                raise exception 'there is no function cs.%', name;
            end if;
        end loop;
    end loop;
    grant usage on schema cs to countersign_api, countersign_worker, countersign_operator,
        countersign_sealer, countersign_verifier;
end
$$;

-- `countersign audit verify` reads raw rows, and nothing secret: of tokens and recovery codes only
-- digests are kept, and they are too long to be guessed, which a password is not.
grant select on cs.audit_event, cs.audit_seal, cs.request, cs.revision, cs.revision_file,
    cs.request_text, cs.decision, cs.attempt, cs.attempt_decision, cs.output_item,
    cs.output_chunk, cs.legal_move, cs.cost_span, cs.instance, cs.schema_migration,
    cs.retention, cs.person, cs.team, cs.team_member, cs.api_token, cs.credential_event,
    cs.external_identity, cs.quorum_rule, cs.approver_group, cs.approver, cs.break_glass,
    cs.policy_version, cs.policy_rule, cs.blob, cs.blob_chunk, cs.file, cs.budget,
    cs.budget_account, cs.budget_hold
    to countersign_verifier;
grant select (person_id, since) on cs.second_factor to countersign_verifier;
grant select (person_id, code_sha256) on cs.recovery_code to countersign_verifier;
