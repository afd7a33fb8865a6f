from opsctl.databases import Contents, TableContents, differences

PEOPLE = TableContents(3, "123", "record-hash-17")
BEFORE = Contents({"people": PEOPLE}, {"people_id_seq": 3}, "0001")


def with_people(**changed):
    table = TableContents(**{"rows": 3, "fingerprint": "123", "method": "record-hash-17"} | changed)
    return Contents({"people": table}, BEFORE.sequences, BEFORE.revision)


def test_same_contents_have_no_differences():
    assert differences(BEFORE, with_people()) == ()


def test_rows_that_are_missing_are_counted():
    assert differences(BEFORE, with_people(rows=2)) == ("table people has 2 rows, not 3",)


def test_rows_that_were_changed_are_noticed():
    assert differences(BEFORE, with_people(fingerprint="124")) == ("table people has other rows than the backup",)


def test_fingerprints_of_two_methods_are_not_compared():
    assert differences(BEFORE, with_people(fingerprint="999", method="record-hash-18")) == ()


def test_tables_that_came_or_went_are_named():
    found = differences(BEFORE, Contents({"pets": PEOPLE}, BEFORE.sequences, "0001"))

    assert found == ("table people is missing", "table pets is not in the backup")


def test_sequence_may_have_moved_on_and_never_back():
    assert differences(BEFORE, Contents(BEFORE.tables, {"people_id_seq": 7}, "0001")) == ()
    assert differences(BEFORE, Contents(BEFORE.tables, {}, "0001")) == ("sequence people_id_seq is at 0, not 3",)


def test_revision_is_compared():
    assert differences(BEFORE, Contents(BEFORE.tables, BEFORE.sequences, None)) == ("the schema is at None, not 0001",)
