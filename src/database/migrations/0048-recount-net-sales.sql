-- A job that has never run is due: the next start recounts all sales.
DELETE FROM jobs WHERE name = 'recount-sales';
