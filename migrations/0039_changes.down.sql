DROP TABLE change_bookings;
DROP TABLE changes;
DROP SEQUENCE change_numbers;
