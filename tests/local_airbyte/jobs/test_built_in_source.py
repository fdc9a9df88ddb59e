"""Syncs with the built-in source: which rows are written, and what survives a cancel or a restart."""


def all_ids(airbyte) -> list[str]:
    return [
        line["_airbyte_raw_id"]
        for stream in ("customers", "orders", "payments")
        for line in airbyte.lines(stream)
    ]


def test_the_first_sync_writes_all_rows_and_the_second_the_new_ones(airbyte):
    first = airbyte.sync()
    assert (first.rows_synced, len(all_ids(airbyte)), first.bytes_synced) == (
        400,
        400,
        airbyte.written_bytes(),
    )
    line = airbyte.lines("orders")[0]
    assert set(line) == {"_airbyte_raw_id", "_airbyte_extracted_at", "_airbyte_data"}
    assert line["_airbyte_data"]["id"] == 1
    second = airbyte.sync()
    assert (second.rows_synced, len(all_ids(airbyte))) == (20, 420)
    assert first.bytes_synced + second.bytes_synced == airbyte.written_bytes()
    assert len(set(all_ids(airbyte))) == 420


def test_the_number_of_rows_is_set_by_connection(airbyte):
    airbyte.rows(first=7, then=0)
    assert [airbyte.sync().rows_synced for _ in range(2)] == [7, 0]
    airbyte.rows(first=7, then=5)
    assert airbyte.sync().rows_synced == 5


def test_a_connection_may_have_no_rows_at_all(airbyte):
    airbyte.rows(first=0, then=0)
    done = airbyte.sync()
    assert (done.rows_synced, done.bytes_synced) == (0, 0)


def test_a_cancelled_sync_keeps_its_rows_and_the_next_writes_the_rest(airbyte):
    airbyte.script({"run": 30}, times=1)
    job = airbyte.submit()
    airbyte.wait(job.job_id, "running")
    while not airbyte.job(job.job_id).rows_synced:
        pass
    written = airbyte.cancel(job.job_id).rows_synced
    assert 0 < written < 400
    assert airbyte.sync().rows_synced == 400 - written + 20
    assert len(set(all_ids(airbyte))) == len(all_ids(airbyte)) == 420


def test_a_restart_writes_no_row_twice(airbyte):
    airbyte.script({"run": 0.8})
    job = airbyte.submit()
    airbyte.wait(job.job_id, "running")
    while not airbyte.job(job.job_id).rows_synced:
        pass
    airbyte.stop()
    with (airbyte.folder / "money_to_json" / "orders.jsonl").open("a") as file:
        file.write('{"half": a row that was not committed')
    airbyte.start()
    assert airbyte.wait(job.job_id).rows_synced == 400
    assert len(set(all_ids(airbyte))) == len(all_ids(airbyte)) == 400


def test_a_reset_empties_the_destination(airbyte):
    airbyte.sync()
    airbyte.sync("reset")
    assert airbyte.written_bytes() == 0
    assert airbyte.sync().rows_synced == 400
