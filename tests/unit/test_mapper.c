/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Mapper, through the resolver that uses it
 *
 * The config declares a few metrics and has a few rules; each case sets what else it says.
 */

#include "resolve.h"

#include "base/metric_spec.h"
#include "base/treatment.h"

static const struct metric_spec hits_spec = { .ttl_ns = 5 }, took_spec = { .ttl_ns = 6 };
static const struct metric_spec helped_spec = { .ttl_ns = 7, .help = SLICE("Help of a rule") };
static const struct metric_spec unmatched_spec = { .ttl_ns = 8, .help = SLICE("Default help") };
static const struct treatment doubled = { .scale = 2 };
static const struct slice allowed[] = { SLICE("a"), SLICE("b") };
static const struct label constants[] = { { SLICE("team"), SLICE("blue") } };

static const struct metric declared[] = {
    { .name = SLICE("bot_hits"),
      .type = METRIC_COUNTER,
      .spec = &hits_spec,
      .labels = allowed,
      .n_labels = 2,
      .constants = constants,
      .n_constants = 1 },
    { .name = SLICE("bot_took"),
      .type = METRIC_HISTOGRAM,
      .spec = &took_spec,
      .treatment = &doubled,
      .takes_any_label = true },
    { .name = SLICE("bot_state"),
      .type = METRIC_GAUGE,
      .spec = &hits_spec,
      .takes_any_label = true },
    { .name = SLICE("bot_depth"),
      .type = METRIC_GAUGE,
      .spec = &hits_spec,
      .labels = allowed,
      .n_labels = 2 },
};

static const struct rule_label job_labels[] = { { SLICE("job"), SLICE("$1") },
                                                { SLICE("gone"), SLICE("") } };
static struct slice dropped_names[] = { SLICE("noise") };
static struct label_rules quiet = { .drop = dropped_names, .n_drop = 1 };

static const struct rule listed[] = {
    { .match = SLICE("app.*.hits"),
      .name = SLICE("app_hits"),
      .labels = job_labels,
      .n_labels = 2,
      .spec = &took_spec,
      .treatment = &doubled,
      .label_rules = &quiet },
    { .match = SLICE("honest.*"),
      .name = SLICE("honest"),
      .labels = job_labels,
      .n_labels = 2,
      .honors_labels = true },
    { .match = SLICE("typed.*"), .name = SLICE("typed_counter"), .types = 1 << RULE_COUNTER },
    { .match = SLICE("typed.*"),
      .name = SLICE("typed_other"),
      .types = 1 << RULE_GAUGE | 1 << RULE_OBSERVER },
    { .match = SLICE("to.declared.*"), .name = SLICE("bot_hits"), .treatment = &doubled },
    { .match = SLICE("^noise"), .syntax = RULE_REGEX, .action = RULE_DROP },
    { .match = SLICE("^(.*)long$"), .syntax = RULE_REGEX, .name = SLICE("$1$1$1$1$1$1") },
    { .match = SLICE("^void(.*)"), .syntax = RULE_REGEX, .name = SLICE("$1") },
    { .match = SLICE("to.*.templates"), .name = SLICE("bot_$1"), .spec = &helped_spec },
    { .match = SLICE("summed.*"), .name = SLICE("summed"), .observer = OBSERVER_HISTOGRAM },
};

/* Resolve all lines with a mapping of @parts, which get the metrics, from now on. */
static void use_parts(struct mapping_parts *parts)
{
    struct mapping *mapping = NULL;
    struct mapper *mapper = NULL;

    parts->n_metrics = ARRAY_SIZE(declared);
    parts->generation = 3;
    parts->metrics = arena_alloc(&parts->arena, sizeof(declared));
    assert_non_null(parts->metrics);
    memcpy(parts->metrics, declared, sizeof(declared));
    assert_int_equal(mapping_new(&mapping, parts), 0);
    assert_int_equal(mapper_new(&mapper, mapping, &default_pipeline()->resolve.limits), 0);
    mapping_unref(mapping);
    mapper_free(resolve_exchange_mapper(resolver, mapper));
}

static void use_mapping(enum mapping_undeclared undeclared, enum mapping_labels labels)
{
    struct mapping_parts parts = { .undeclared = undeclared, .undeclared_labels = labels };

    assert_int_equal(
        rules_new(&parts.rules, &(struct rules_options){ 0 }, listed, ARRAY_SIZE(listed)), 0);
    use_parts(&parts);
}

/* The same with defaults for names without a rule. */
static void use_defaults(bool has_rules)
{
    struct mapping_parts parts = { .unmatched = &unmatched_spec };

    if (has_rules)
        assert_int_equal(
            rules_new(&parts.rules, &(struct rules_options){ 0 }, listed, ARRAY_SIZE(listed)), 0);
    use_parts(&parts);
}

static int begin(void **state)
{
    use_mapping(MAPPING_ACCEPT, MAPPING_LABELS_KEEP);
    return 0;
}

/* --- declared metrics ------------------------------------------------------------------- */

static void a_declared_name_is_found_however_it_is_written(void **state)
{
    static const char *const texts[] = { "bot.hits:1|c", "bot_hits:1|c", "bot-hits:1|c" };

    for (unsigned i = 0; i < ARRAY_SIZE(texts); i++) {
        struct identity identity = identity_of(texts[i]);

        must_equal(texts[i], &identity, "bot_hits", "team=\"blue\"", 0);
        assert_ptr_equal(identity.spec, &hits_spec);
        assert_int_equal(identity.generation, 3);
        assert_true(identity.is_type_declared);
        assert_null(identity.treatment);
        /* No spelling of a declared name is an alias. */
        assert_true(slice_equal(identity.sent_as, SLICE("bot_hits")));
    }
}

static void other_names_mean_what_they_did(void **state)
{
    struct identity identity = identity_of("other.name:1|c|#a:1");

    must_equal("other", &identity, "other_name", "a=\"1\"", 0);
    assert_null(identity.spec);
    assert_null(identity.treatment);
    assert_false(identity.is_type_declared);
    assert_int_equal(identity.generation, 3);
    assert_true(slice_equal(identity.sent_as, SLICE("other.name")));
}

static void a_declared_metric_takes_samples_of_its_type_alone(void **state)
{
    struct identity identity;

    must_be("bot.took:1|ms", "bot_took", "", 0);
    must_be("bot.took:1|h", "bot_took", "", 0);
    must_be("bot.took:1|d", "bot_took", "", 0);
    must_end_as(REFUSED_TYPE_CONFLICT, SLICE("bot.took:1|c"));
    must_end_as(REFUSED_TYPE_CONFLICT, SLICE("bot.hits:1|g"));
    must_end_as(REFUSED_TYPE_CONFLICT, SLICE("bot.state:1|s"));
    /* What is wrong with the line itself counts first. */
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("bot.hits:1|g|#a:\xff"));
    /* The identity tells what conflicts with what. */
    assert_int_equal(resolve(SLICE("bot.took:1|g"), &identity), REFUSED_TYPE_CONFLICT);
    assert_true(slice_equal(identity.family, SLICE("bot_took")));
    assert_int_equal(identity.type, SAMPLE_GAUGE);
    assert_int_equal(identity.declared_type, METRIC_HISTOGRAM);
}

static void values_have_the_treatment_of_the_metric(void **state)
{
    assert_ptr_equal(identity_of("bot.took:1|ms").treatment, &doubled);
    assert_null(identity_of("bot.state:1|g").treatment);
}

static void a_label_that_the_metric_has_of_its_own_is_renamed(void **state)
{
    must_be("bot.took:1|ms|#le:1", "bot_took", "exported_le=\"1\"", 0);
    must_be("bot.state:1|g|#le:1", "bot_state", "le=\"1\"", 0);
    must_be("other:1|h|#z:2,le:1", "other", "exported_le=\"1\",z=\"2\"", 0);
    must_be("other:1|h|#le:1,exported_le:2", "other", "exported_le=\"2\"", 0);
}

/* --- rules ------------------------------------------------------------------------------- */

static void a_rule_gives_name_labels_and_treatment(void **state)
{
    struct identity identity = identity_of("app.web.hits:1|ms|#z:1,job:x,noise:1");

    must_equal("app", &identity, "app_hits", "job=\"web\",z=\"1\"", 0);
    assert_ptr_equal(identity.spec, &took_spec);
    assert_ptr_equal(identity.treatment, &doubled);
    assert_false(identity.is_type_declared);
    assert_true(slice_equal(identity.sent_as, SLICE("app_hits")));
    assert_true(identity_of("summed.a:1|ms").is_type_declared);
}

static void a_label_without_value_takes_the_tag_away(void **state)
{
    must_be("app.web.hits:1|c|#gone:1", "app_hits", "job=\"web\"", 0);
    must_be("app..hits:1|c|#job:x", "app_hits", "", 0);
}

static void honored_labels_are_those_of_tags(void **state)
{
    must_be("honest.a:1|c|#job:x,gone:1", "honest", "gone=\"1\",job=\"x\"", 0);
    must_be("honest.a:1|c", "honest", "job=\"a\"", 0);
}

static void job_is_not_renamed_when_a_rule_sets_it(void **state)
{
    struct resolve_options options = default_pipeline()->resolve;
    struct mapper *mapper = resolve_exchange_mapper(resolver, NULL);
    struct resolver *own = NULL;
    struct identity identity;

    options.renames_scrape_labels = true;
    assert_int_equal(resolve_new(&own, &options), 0);
    mapper_free(resolve_exchange_mapper(own, mapper));
    assert_int_equal(resolve_by(own, ALL, SLICE("app.web.hits:1|c|#job:x"), &identity),
                     VERDICT_APPLIED);
    must_equal("app", &identity, "app_hits", "exported_job=\"x\",job=\"web\"", 0);
    resolve_free(own);
}

static void a_rule_that_drops_skips_the_line(void **state)
{
    struct identity identity = identity_of("noise.a:1|c|#a:1");

    assert_true(identity_is_skipped(&identity));
    assert_int_equal(identity.treatment->fate, SKIPPED_RULE);
    identity = identity_of("noise:0|x");
    assert_true(identity_is_skipped(&identity));
}

static void what_a_rule_makes_obeys_the_limits(void **state)
{
    struct buffer text = { 0 };

    add_repeated(&text, 'a', default_pipeline()->resolve.limits.name / 2);
    buffer_add_literal(&text, "long:1|c");
    must_end_as_buffer(REFUSED_NAME_LIMIT, &text);
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("void:1|c"));
}

static void a_mapped_name_may_be_declared(void **state)
{
    struct identity identity = identity_of("to.declared.x:1|c|#a:1");

    must_equal("to", &identity, "bot_hits", "a=\"1\",team=\"blue\"", 0);
    assert_ptr_equal(identity.spec, &hits_spec);
    assert_ptr_equal(identity.treatment, &doubled);
    must_end_as(REFUSED_TYPE_CONFLICT, SLICE("to.declared.x:1|g"));
}

static void a_rule_may_be_for_some_types(void **state)
{
    must_be("typed.a:1|c", "typed_counter", "", 0);
    must_be("typed.a:1|g", "typed_other", "", 0);
    must_be("typed.a:1|ms", "typed_other", "", 0);
    must_be("typed.a:1|s", "typed_a", "", 0);
}

/* --- who says what of the family ------------------------------------------------------------ */

static void must_have_spec(const char *line, int64_t ttl_ns, const char *help)
{
    struct identity identity = identity_of(line);

    assert_non_null(identity.spec);
    assert_int_equal(identity.spec->ttl_ns, ttl_ns);
    assert_true(slice_equal(identity.spec->help, slice_of(help)));
}

static void names_without_a_rule_have_the_defaults(void **state)
{
    use_defaults(true);
    must_have_spec("other.name:1|c", 8, "Default help");
    must_have_spec("app.x.hits:1|c", 6, "");
    assert_null(identity_of("honest.x:1|c").spec);
    use_defaults(false);
    must_have_spec("other.name:1|c", 8, "Default help");
    must_have_spec("app.x.hits:1|c", 8, "Default help");
}

static void what_a_declaration_lacks_the_rule_says(void **state)
{
    must_have_spec("to.hits.templates:1|c", 5, "Help of a rule");
    must_have_spec("to.took.templates:1|ms", 6, "Help of a rule");
    must_have_spec("to.other.templates:1|ms", 7, "Help of a rule");
}

static void what_a_declaration_lacks_the_defaults_say(void **state)
{
    use_defaults(true);
    must_have_spec("bot.hits:1|c", 5, "Default help");
    must_have_spec("to.hits.templates:1|c", 5, "Help of a rule");
    must_have_spec("to.declared.x:1|c", 5, "");
}

/* --- what is not declared ------------------------------------------------------------------ */

static void undeclared_names_are_skipped_on_request(void **state)
{
    struct identity identity;

    use_mapping(MAPPING_DROP, MAPPING_LABELS_KEEP);
    identity = identity_of("other:1|c");
    assert_true(identity_is_skipped(&identity));
    assert_int_equal(identity.treatment->fate, SKIPPED_UNDECLARED);
    identity = identity_of("bot.hits:1|c");
    assert_false(identity_is_skipped(&identity));
    identity = identity_of("other:0|x");
    assert_true(identity_is_skipped(&identity));
}

static void undeclared_labels_are_kept_dropped_or_refused(void **state)
{
    const char *text = "bot.hits:1|c|#z:1,b:2,y:3,a:4";

    must_be(text, "bot_hits", "a=\"4\",b=\"2\",team=\"blue\",y=\"3\",z=\"1\"", 0);
    use_mapping(MAPPING_ACCEPT, MAPPING_LABELS_DROP);
    must_be(text, "bot_hits", "a=\"4\",b=\"2\",team=\"blue\"", 0);
    assert_int_equal(identity_of(text).n_undeclared_labels, 2);
    assert_int_equal(identity_of("bot.hits:1|c|#b:2").n_undeclared_labels, 0);
    must_be("bot.took:1|ms|#z:1", "bot_took", "z=\"1\"", 0);
    use_mapping(MAPPING_ACCEPT, MAPPING_LABELS_REFUSE);
    must_end_as(REFUSED_UNDECLARED_LABEL, slice_of(text));
    must_be("bot.hits:1|c|#b:2", "bot_hits", "b=\"2\",team=\"blue\"", 0);
    must_be("other:1|c|#z:1", "other", "z=\"1\"", 0);
}

static void constant_labels_replace_those_of_senders(void **state)
{
    must_be("bot.hits:1|c|#team:red", "bot_hits", "team=\"blue\"", 0);
    /* They come after those that are not declared have gone. */
    use_mapping(MAPPING_ACCEPT, MAPPING_LABELS_DROP);
    must_be("bot.hits:1|c|#team:red", "bot_hits", "team=\"blue\"", 0);
    assert_int_equal(identity_of("bot.hits:1|c|#team:red").n_undeclared_labels, 1);
}

static void constant_labels_count_for_the_limit(void **state)
{
    struct buffer text = { 0 };

    buffer_add_literal(&text, "bot.hits:1|c|#a:0");
    for (unsigned i = 1; i < default_pipeline()->resolve.limits.labels; i++)
        buffer_add_format(&text, ",n%u:1", i);
    must_end_as_buffer(REFUSED_LABEL_LIMIT, &text);
}

/* --- x --------------------------------------------------------------------------------- */

static void must_end_next(const char *family, const char *labels)
{
    struct identity next;

    assert_true(resolve_next_end(resolver, &next));
    must_equal("next", &next, family, labels, 0);
    assert_int_equal(next.type, SAMPLE_END);
    assert_true(slice_equal(next.labels_beside[OWN_LABEL_LE], next.labels));
}

static void must_end_no_more(void)
{
    struct identity next;

    assert_false(resolve_next_end(resolver, &next));
    assert_false(resolve_next_end(resolver, &next));
}

static void an_x_ends_what_samples_have_made(void **state)
{
    struct identity identity = identity_of("bot.hits:0|x|#a:1");

    must_equal("x", &identity, "bot_hits", "a=\"1\",team=\"blue\"", 0);
    assert_int_equal(identity.type, SAMPLE_END);
    must_end_no_more();
    /* On a histogram the label has another name. */
    identity = identity_of("bot.took:0|x|#le:1");
    must_equal("x", &identity, "bot_took", "exported_le=\"1\"", 0);
    must_end_no_more();
    /* Of a name that may be of any type, both. */
    identity = identity_of("other:0|x|#le:1");
    must_equal("x", &identity, "other", "le=\"1\"", 0);
    must_end_next("other", "exported_le=\"1\"");
    must_end_no_more();
    identity = identity_of("other:0|x|#a:1");
    must_end_no_more();
}

static void an_x_is_refused_for_the_reason_of_a_sample_of_its_metric(void **state)
{
    use_mapping(MAPPING_ACCEPT, MAPPING_LABELS_REFUSE);
    must_end_as(REFUSED_UNDECLARED_LABEL, SLICE("bot.depth:1|g|#z:1"));
    must_end_as(REFUSED_UNDECLARED_LABEL, SLICE("bot.depth:0|x|#z:1"));
    must_be("bot.depth:0|x|#a:1", "bot_depth", "a=\"1\"", 0);
}

static void an_x_ends_each_family_that_rules_make(void **state)
{
    struct identity identity = identity_of("typed.a:0|x|#b:1");

    must_equal("x", &identity, "typed_counter", "b=\"1\"", 0);
    must_end_next("typed_other", "b=\"1\"");
    must_end_next("typed_a", "b=\"1\"");
    must_end_no_more();
}

static void an_x_of_a_tag_that_is_dropped_is_refused(void **state)
{
    must_end_as(REFUSED_MALFORMED_LINE, SLICE("bot.took:0|x|#bare"));
}

static void without_a_mapper_there_is_no_next_end(void **state)
{
    (void)identity_of("other:0|x|#le:1");
    mapper_free(resolve_exchange_mapper(resolver, NULL));
    must_end_no_more();
    must_be("bot.hits:1|g", "bot_hits", "", 0);
}

/* --- chains ------------------------------------------------------------------------------ */

static enum verdict resolve_rest(const struct identity *name, const char *rest,
                                 struct identity *ret)
{
    const struct line link = { .name = SLICE("n"), .rest = slice_of(rest) };

    return resolve_link(resolver, name, &link, ret);
}

static void each_link_is_mapped_by_its_type(void **state)
{
    struct identity name, link;

    assert_int_equal(resolve_name(resolver, SLICE("bot.hits,a=1"), &name), VERDICT_APPLIED);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(resolve_rest(&name, "|c|@0.5", &link), VERDICT_APPLIED);
        must_equal("link", &link, "bot_hits", "a=\"1\",team=\"blue\"", 0);
        assert_int_equal(link.type, SAMPLE_COUNTER);
        assert_true(link.weight == 2);
        assert_int_equal(resolve_rest(&name, "|g", &link), REFUSED_TYPE_CONFLICT);
        assert_int_equal(link.type, SAMPLE_GAUGE);
        assert_true(slice_equal(link.family, SLICE("bot_hits")));
        assert_int_equal(link.declared_type, METRIC_COUNTER);
        assert_int_equal(resolve_rest(&name, "|x", &link), VERDICT_APPLIED);
        assert_int_equal(link.type, SAMPLE_END);
        must_equal("link", &link, "bot_hits", "a=\"1\",team=\"blue\"", 0);
        must_end_no_more();
    }
}

static void links_may_lead_to_several_families(void **state)
{
    struct identity name, link;

    assert_int_equal(resolve_name(resolver, SLICE("typed.a,b=1"), &name), VERDICT_APPLIED);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(resolve_rest(&name, "|g", &link), VERDICT_APPLIED);
        must_equal("link", &link, "typed_other", "b=\"1\"", 0);
        assert_true(slice_equal(link.sent_as, SLICE("typed_other")));
        assert_int_equal(resolve_rest(&name, "|c", &link), VERDICT_APPLIED);
        must_equal("link", &link, "typed_counter", "b=\"1\"", 0);
        assert_true(slice_equal(link.sent_as, SLICE("typed_counter")));
        assert_int_equal(resolve_rest(&name, "|x", &link), VERDICT_APPLIED);
        must_equal("link", &link, "typed_counter", "b=\"1\"", 0);
        must_end_next("typed_other", "b=\"1\"");
        must_end_next("typed_a", "b=\"1\"");
        must_end_no_more();
    }
}

static void a_chain_knows_nothing_of_the_one_before(void **state)
{
    struct identity name, link;

    assert_int_equal(resolve_name(resolver, SLICE("bot.took"), &name), VERDICT_APPLIED);
    assert_int_equal(resolve_rest(&name, "|ms", &link), VERDICT_APPLIED);
    assert_ptr_equal(link.treatment, &doubled);
    assert_int_equal(link.type, SAMPLE_TIMER);
    assert_int_equal(resolve_rest(&name, "|h", &link), VERDICT_APPLIED);
    assert_int_equal(link.type, SAMPLE_HISTOGRAM);
    assert_int_equal(resolve_name(resolver, SLICE("other,le=1"), &name), VERDICT_APPLIED);
    assert_int_equal(resolve_rest(&name, "|ms", &link), VERDICT_APPLIED);
    must_equal("link", &link, "other", "exported_le=\"1\"", 0);
    assert_null(link.treatment);
    assert_int_equal(resolve_rest(&name, "|c", &link), VERDICT_APPLIED);
    must_equal("link", &link, "other", "le=\"1\"", 0);
}

static void each_link_has_the_spec_of_its_type(void **state)
{
    struct identity name, link;

    use_defaults(true);
    assert_int_equal(resolve_name(resolver, SLICE("to.hits.templates"), &name), VERDICT_APPLIED);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(resolve_rest(&name, "|c", &link), VERDICT_APPLIED);
        assert_int_equal(link.spec->ttl_ns, 5);
        assert_true(slice_equal(link.spec->help, SLICE("Help of a rule")));
        /* Another line, whose spec takes the place of this one in the scratch memory. */
        must_have_spec("bot.took:1|ms", 6, "Default help");
    }
}

#define MAPPER_CASE(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MAPPER_CASE(a_declared_name_is_found_however_it_is_written),
        MAPPER_CASE(other_names_mean_what_they_did),
        MAPPER_CASE(a_declared_metric_takes_samples_of_its_type_alone),
        MAPPER_CASE(values_have_the_treatment_of_the_metric),
        MAPPER_CASE(a_label_that_the_metric_has_of_its_own_is_renamed),
        MAPPER_CASE(a_rule_gives_name_labels_and_treatment),
        MAPPER_CASE(a_label_without_value_takes_the_tag_away),
        MAPPER_CASE(honored_labels_are_those_of_tags),
        MAPPER_CASE(job_is_not_renamed_when_a_rule_sets_it),
        MAPPER_CASE(a_rule_that_drops_skips_the_line),
        MAPPER_CASE(what_a_rule_makes_obeys_the_limits),
        MAPPER_CASE(a_mapped_name_may_be_declared),
        MAPPER_CASE(a_rule_may_be_for_some_types),
        MAPPER_CASE(names_without_a_rule_have_the_defaults),
        MAPPER_CASE(what_a_declaration_lacks_the_rule_says),
        MAPPER_CASE(what_a_declaration_lacks_the_defaults_say),
        MAPPER_CASE(undeclared_names_are_skipped_on_request),
        MAPPER_CASE(undeclared_labels_are_kept_dropped_or_refused),
        MAPPER_CASE(constant_labels_replace_those_of_senders),
        MAPPER_CASE(constant_labels_count_for_the_limit),
        MAPPER_CASE(an_x_ends_what_samples_have_made),
        MAPPER_CASE(an_x_is_refused_for_the_reason_of_a_sample_of_its_metric),
        MAPPER_CASE(an_x_ends_each_family_that_rules_make),
        MAPPER_CASE(an_x_of_a_tag_that_is_dropped_is_refused),
        MAPPER_CASE(without_a_mapper_there_is_no_next_end),
        MAPPER_CASE(each_link_is_mapped_by_its_type),
        MAPPER_CASE(links_may_lead_to_several_families),
        MAPPER_CASE(a_chain_knows_nothing_of_the_one_before),
        MAPPER_CASE(each_link_has_the_spec_of_its_type),
    };

    return cmocka_run_group_tests(tests, make_resolver, free_resolver);
}
