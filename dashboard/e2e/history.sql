-- The day before, minute by minute, for the pictures: a shop that wakes up in the morning and is busiest at night, with
-- some trouble at its bank 20 minutes ago. Only a platform of the pictures' own is given this.
with minutes as (
    select date_trunc('minute', now()) - n * interval '1 minute' as minute, n,
        0.55 + 0.45 * sin((n + 200) * pi() / 720) + 0.10 * sin(n * 0.37) + 0.06 * sin(n * 1.7) as rush
    from generate_series(1, 1439) n),
kinds (queue, kind, most, waits, runs, spread) as (values
    ('webhooks', 'webhook.deliver', 260, 5.5, 12.0, 2.6),
    ('images', 'thumbnail.generate', 34, 7.0, 17.0, 1.6)),
work as (
    select minute, queue, kind, n, waits, runs, spread, greatest(round(most * rush), 1)::int as done,
        case when kind = 'webhook.deliver' and n between 17 and 26 then round(most * 0.22)::int
             when n % 13 = 0 then 1 + n % 3 else 0 end as failed
    from minutes, kinds)
insert into queue_minutes (minute, queue, kind, completed, retried, dead, waiting, running)
select minute, queue, kind, done, failed, failed / 9,
    array(select round(done * exp(-power(i - waits - case when n between 17 and 26 then 3 else 0 end, 2) / 4.5) / 3.8)::int
          from generate_series(0, 20) i),
    array(select round(done * exp(-power(i - runs - sin(n * 0.11) - case when n between 17 and 26 then 4 else 0 end, 2)
                                  / (2 * spread * spread)) / (spread * 2.5))::int
          from generate_series(0, 28) i)
from work
on conflict do nothing;
