"""Syncs with the built-in source: which rows are written, and what survives a cancel or a restart."""


def all_ids(lab) -> list[str]:
    return [
        line["_airbyte_raw_id"]
        for stream in ("customers", "orders", "payments")
        for line in lab.lines(stream)
    ]


def test_the_first_sync_writes_all_rows_and_the_second_the_new_ones(lab):
    first = lab.sync()
    assert (first.rows_synced, len(all_ids(lab)), first.bytes_synced) == (400, 400, lab.written_bytes())
    line = lab.lines("orders")[0]
    assert set(line) == {"_airbyte_raw_id", "_airbyte_extracted_at", "_airbyte_data"}
    assert line["_airbyte_data"]["id"] == 1
    second = lab.sync()
    assert (second.rows_synced, len(all_ids(lab))) == (20, 420)
    assert first.bytes_synced + second.bytes_synced == lab.written_bytes()
    assert len(set(all_ids(lab))) == 420


def test_the_number_of_rows_is_set_by_connection(lab):
    lab.rows(first=7, then=0)
    assert [lab.sync().rows_synced for _ in range(2)] == [7, 0]
    lab.rows(first=7, then=5)
    assert lab.sync().rows_synced == 5


def test_a_connection_may_have_no_rows_at_all(lab):
    lab.rows(first=0, then=0)
    done = lab.sync()
    assert (done.rows_synced, done.bytes_synced) == (0, 0)


def test_a_cancelled_sync_keeps_its_rows_and_the_next_writes_the_rest(lab):
    lab.script({"run": 30}, times=1)
    job = lab.submit()
    lab.wait(job.job_id, "running")
    while not lab.job(job.job_id).rows_synced:
        pass
    written = lab.cancel(job.job_id).rows_synced
    assert 0 < written < 400
    assert lab.sync().rows_synced == 400 - written + 20
    assert len(set(all_ids(lab))) == len(all_ids(lab)) == 420


def test_a_restart_writes_no_row_twice(lab):
    lab.script({"run": 0.8})
    job = lab.submit()
    lab.wait(job.job_id, "running")
    while not lab.job(job.job_id).rows_synced:
        pass
    lab.stop()
    with (lab.folder / "money_to_json" / "orders.jsonl").open("a") as file:
        file.write('{"half": a row that was not committed')
    lab.start()
    assert lab.wait(job.job_id).rows_synced == 400
    assert len(set(all_ids(lab))) == len(all_ids(lab)) == 400


def test_a_reset_empties_the_destination(lab):
    lab.sync()
    lab.sync("reset")
    assert lab.written_bytes() == 0
    assert lab.sync().rows_synced == 400
